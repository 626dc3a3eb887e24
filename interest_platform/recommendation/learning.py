"""Weights of a hybrid, learned on past windows and nothing later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.sparse import csr_array

from interest_platform.errors import StrategyError
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.metrics import discounts, ideal_dcg
from interest_platform.recommendation.hybrid import blend
from interest_platform.recommendation.standard import z_scores
from interest_platform.recommendation.strategies import load_strategy
from interest_platform.recommendation.top import best_of

STEPS = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Weights tried for one strategy while those of the others sum to 1."""

K = 10
"""Places of a list that count."""

LEAST_GAIN = 1e-6
"""A smaller gain in NDCG is rounding."""


@dataclass(frozen=True)
class Past:
    """A context, and what its users dealt with from its end to `until`: (n, m), its rows and columns."""

    context: Context
    outcome: csr_array
    until: datetime


@dataclass(frozen=True)
class Learned:
    """Weights that sum to 1, the NDCG@10 they reach on the past, and of how many (user, window) that is the mean."""

    weights: dict[str, float]
    ndcg: float
    users: int


def learn_weights(
    names: Sequence[str], past: Sequence[Past], before: datetime, users: int = 2_000, seed: int = 0
) -> Learned:
    """Coordinate search on the mean NDCG@10 of (user, window) pairs with anything new in the outcome.

    Starts at the best strategy alone, so that the blend is never worse than that on the past. At most `users` pairs are
    looked at, drawn without replacement: their scores by all strategies are in memory. Raises `StrategyError` for a
    window that is not over at `before`, and where there is nothing to learn from.
    """
    late = [p for p in past if p.until > before]
    if late:
        raise StrategyError(
            f"weights may be learned on windows that are over at {before:%Y-%m-%d %H:%M}; {len(late)} are not "
            f"(one ends {late[0].until:%Y-%m-%d %H:%M})"
        )
    judged = _drawn(past, users, seed)
    if not judged or not names:
        raise StrategyError(
            f"no weights can be learned: {len(names)} strategies, {len(past)} past windows, in which no user dealt "
            "with an item that was new to them and known before: give weights, or more windows"
        )
    cases = [_case(names, past[p], rows) for p, rows in judged]
    weights, ndcg = _searched(cases, len(names))
    shares = {name: float(w) for name, w in zip(names, weights / weights.sum(), strict=True)}
    return Learned(shares, ndcg, sum(len(rows) for _, rows in judged))


def _new(past: Past) -> csr_array:
    """The outcome without what the user had dealt with before, (n, m)."""
    outcome = csr_array((past.outcome != 0).astype(np.float32))
    found = csr_array(outcome - outcome * past.context.interactions.binary)
    found.eliminate_zeros()
    return found


def _drawn(past: Sequence[Past], users: int, seed: int) -> list[tuple[int, np.ndarray]]:
    """Places in `past` and the rows looked at there."""
    pairs = np.array(
        [(place, row) for place, p in enumerate(past) for row in np.flatnonzero(np.diff(_new(p).indptr))], int
    ).reshape(-1, 2)
    if len(pairs) > users:
        pairs = pairs[np.sort(np.random.default_rng(seed).choice(len(pairs), users, replace=False))]
    return [(int(place), pairs[pairs[:, 0] == place, 1]) for place in np.unique(pairs[:, 0])]


def _case(names: Sequence[str], past: Past, rows: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """z-scores by strategy (b, m), and where items are relevant and where seen, (b, m) bool."""
    standard = [z_scores(load_strategy(name).fit(past.context).scores(rows)) for name in names]
    return (
        standard,
        _new(past)[rows].toarray() > 0,
        past.context.interactions.binary[rows].toarray() > 0,
    )


def _searched(
    cases: list[tuple[list[np.ndarray], np.ndarray, np.ndarray]], strategies: int
) -> tuple[np.ndarray, float]:
    """Weights (s,) and their NDCG, from the best strategy alone, one weight at a time, until none gains."""

    def reached(weights: np.ndarray) -> float:
        return float(np.concatenate([_ndcg(blend(z, weights), relevant, seen) for z, relevant, seen in cases]).mean())

    alone = [reached(one) for one in np.eye(strategies)]
    weights, best = np.eye(strategies)[int(np.argmax(alone))], max(alone)
    gained = True
    while gained:
        gained = False
        for s in range(strategies):
            others = weights.sum() - weights[s]
            if others == 0:
                continue
            for step in STEPS:
                tried = weights / others
                tried[s] = step
                found = reached(tried)
                if found > best + LEAST_GAIN:
                    weights, best, gained = tried, found, True
    return weights, best


def _ndcg(scores: np.ndarray, relevant: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """NDCG@10 of each row with binary gains, (b,); seen items and such of -inf have no place."""
    items, _ = best_of(np.where(seen, -np.inf, scores), K)
    hit = (items >= 0) & np.take_along_axis(relevant, np.maximum(items, 0), axis=1)
    return (hit * discounts(K)).sum(axis=1) / ideal_dcg(K)[np.minimum(relevant.sum(axis=1), K)]
