"""Weights of a hybrid, learned on past windows and nothing later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.sparse import csr_array

from interest_platform.errors import StrategyError
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.metrics import discounts, ideal_dcg
from interest_platform.recommendation.listwise import Choices, listwise_weights
from interest_platform.recommendation.standard import z_scores
from interest_platform.recommendation.strategies import load_strategy
from interest_platform.recommendation.top import best_of

K = 10
"""Places of a list that count."""

USERS = 2_000
"""(user, window) pairs that are learned from at most: their scores by all strategies are in memory."""


@dataclass(frozen=True)
class Past:
    """A context, and what its users dealt with from its end to `until`: (n, m), its rows and columns."""

    context: Context
    outcome: csr_array
    until: datetime


@dataclass(frozen=True)
class Lesson:
    """What one past window teaches about the strategies `names`: to be made once and learned from many times."""

    names: tuple[str, ...]
    choices: Choices
    until: datetime


@dataclass(frozen=True)
class Learned:
    """Weights that sum to 1, the NDCG@10 they reach on the past, and of how many (user, window) that is the mean."""

    weights: dict[str, float]
    ndcg: float
    users: int


def learn_weights(
    names: Sequence[str], past: Sequence[Past], before: datetime, users: int = USERS, seed: int = 0
) -> Learned:
    """As `weights_from` the lessons of these windows, of at most `users` (user, window) pairs, as many a window."""
    share = max(1, users // max(1, len(past)))
    return weights_from([lesson(names, window, share, seed) for window in past], before)


def lesson(names: Sequence[str], past: Past, users: int = USERS, seed: int = 0) -> Lesson:
    """Of users with anything new in the outcome, drawn without replacement where there are more than `users`.

    Their scores by all strategies are in memory: 4 users m s bytes. Raises `StrategyError` as the strategies do.
    """
    new = _new(past)
    rows = np.flatnonzero(np.diff(new.indptr))
    if len(rows) > users:
        rows = np.sort(np.random.default_rng(seed).choice(rows, users, replace=False))
    standard = np.zeros((len(rows), new.shape[1], len(names)), np.float32)
    shown = np.zeros((len(rows), new.shape[1]), bool)
    for place, name in enumerate(names if len(rows) else ()):
        z = z_scores(load_strategy(name).fit(past.context).scores(rows))
        shown |= np.isfinite(z)
        standard[:, :, place] = np.where(np.isfinite(z), z, 0)  # as `hybrid.blend` has it
    seen = past.context.interactions.binary[rows].toarray() > 0
    return Lesson(tuple(names), Choices(standard, new[rows].toarray() > 0, shown & ~seen), past.until)


def weights_from(lessons: Sequence[Lesson], before: datetime) -> Learned:
    """Weights of the strategies that all lessons are about, by `listwise_weights` on all their users together.

    Raises `StrategyError` for a window that is not over at `before`, lessons about different strategies, and where
    there is nothing to learn from.
    """
    late = [each for each in lessons if each.until > before]
    if late:
        raise StrategyError(
            f"weights may be learned on windows that are over at {before:%Y-%m-%d %H:%M}; {len(late)} are not "
            f"(one ends {late[0].until:%Y-%m-%d %H:%M})"
        )
    about = {each.names for each in lessons}
    if len(about) > 1:
        told = " and of ".join(", ".join(names) for names in sorted(about))
        raise StrategyError(f"lessons of {told}: weights are learned on lessons about the same strategies")
    names = about.pop() if about else ()
    cases = [each.choices for each in lessons if len(each.choices.chosen)]
    if not cases or not names:
        raise StrategyError(
            f"no weights can be learned: {len(names)} strategies, {len(lessons)} past windows, in which no user dealt "
            "with an item that was new to them and known before: give weights, or more windows"
        )
    weights = listwise_weights(cases)
    reached = np.concatenate([_ndcg(case, weights) for case in cases])
    shares = {name: float(w) for name, w in zip(names, weights / weights.sum(), strict=True)}
    return Learned(shares, float(reached.mean()), len(reached))


def _new(past: Past) -> csr_array:
    """The outcome without what the user had dealt with before, (n, m)."""
    outcome = csr_array((past.outcome != 0).astype(np.float32))
    found = csr_array(outcome - outcome * past.context.interactions.binary)
    found.eliminate_zeros()
    return found


def _ndcg(case: Choices, weights: np.ndarray) -> np.ndarray:
    """NDCG@10 of each user with binary gains, (b,); what is not open has no place."""
    items, _ = best_of(np.where(case.open, case.scores @ weights.astype(np.float32), -np.inf), K)
    hit = (items >= 0) & np.take_along_axis(case.chosen, np.maximum(items, 0), axis=1)
    return (hit * discounts(K)).sum(axis=1) / ideal_dcg(K)[np.minimum(case.chosen.sum(axis=1), K)]
