"""A strategy's lists as users get them: without what is hidden, and in the order that is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from interest_platform.configuration import DiversitySettings
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.diversity import calibrated, mmr
from interest_platform.recommendation.hidden import Hidden
from interest_platform.recommendation.kinds import wanted_kinds
from interest_platform.recommendation.strategy import Fitted
from interest_platform.recommendation.top import Top, top


@dataclass(frozen=True)
class Rules:
    """What all lists of a window obey: `n` places at most, what is not shown, and the order."""

    n: int
    hidden: Hidden
    seen: bool = False
    """Whether what the user has dealt with may be shown again."""
    diversity: DiversitySettings = field(default_factory=DiversitySettings)
    kinds: csr_array | None = None
    """Shares of the items in kinds, (m, g), where lists are calibrated."""

    def missing(self, known: Context) -> str:
        """What the wanted diversity lacks, so that lists stay by score; empty where it lacks nothing."""
        method = self.diversity.method
        if method == "mmr" and (known.item_vectors is None or not known.item_vectors.any()):
            return "recommendation.diversity mmr: no item has a vector, lists stay by score"
        if method == "calibrated" and (self.kinds is None or not self.kinds.nnz):
            return (
                "recommendation.diversity calibrated: no text about an item names a category, lists stay by score; "
                "map `category` in the source's columns, or take mmr"
            )
        return ""


def listed(fitted: Fitted, known: Context, rows: np.ndarray, rules: Rules, diverse: bool = True) -> Top:
    """Lists of the users in these rows of the context; not `diverse`: by score whatever the rules say."""
    hidden: Sequence[csr_array] = [rules.hidden.pairs]
    if not rules.seen:
        hidden = [*hidden, known.interactions.binary]
    given = rules.diversity
    if not diverse or given.method == "none" or rules.missing(known):
        return top(fitted, rows, rules.n, hidden, rules.hidden.items)
    pool = top(fitted, rows, max(given.pool, rules.n), hidden, rules.hidden.items)
    return _chosen(pool, _order(pool, known, rows, rules))


def _order(pool: Top, known: Context, rows: np.ndarray, rules: Rules) -> np.ndarray:
    """Places in the pools, (b, at most n), padded with -1."""
    trade_off = rules.diversity.trade_off
    if rules.diversity.method == "mmr":
        assert known.item_vectors is not None
        return mmr(pool.scores, pool.items, known.item_vectors, rules.n, trade_off)
    assert rules.kinds is not None
    wanted = wanted_kinds(known.interactions, rows, rules.kinds)
    return calibrated(pool.scores, pool.items, rules.kinds, wanted, rules.n, trade_off)


def _chosen(pool: Top, order: np.ndarray) -> Top:
    there = order >= 0
    items = np.take_along_axis(pool.items, np.maximum(order, 0), axis=1)
    scores = np.take_along_axis(pool.scores, np.maximum(order, 0), axis=1)
    return Top(np.where(there, items, -1).astype(np.int32), np.where(there, scores, -np.inf).astype(np.float32))
