"""Weights of several scores under which what users chose stands out of all that they could choose."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PRIOR_USERS = 10.0
"""Users that equal weights count: with as few, what was chosen hardly moves them."""


@dataclass(frozen=True)
class Choices:
    """Of b users: `scores` (b, m, s) float32 finite, `chosen` and `open` (b, m) bool, open: what could be chosen."""

    scores: np.ndarray
    chosen: np.ndarray
    open: np.ndarray


def listwise_weights(cases: Sequence[Choices], prior_users: float = PRIOR_USERS) -> np.ndarray:
    """Weights (s,) of at least 0 and with a sum above 0, for the scores' weighted sum.

    The maximum of sum over users of sum_i y_i log softmax_i(scores w), with y equal shares of the user's chosen items,
    less `prior_users` |w - 1/s|^2: conditional logit (McFadden 1974) and ListNet's top one (Cao et al. 2007). Each user
    counts 1, however much was chosen. It is convex: one maximum, found by L-BFGS-B from the prior on one thread. Where
    it is all 0, every score being misleading, the prior is all there is. O(b m s) a step.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    told = [_with_a_choice(case) for case in cases]
    s = cases[0].scores.shape[2]
    prior, users = np.full(s, 1 / s), max(1, sum(len(case.chosen) for case in told))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value = prior_users * float(((weights - prior) ** 2).sum())
        gradient = 2 * prior_users * (weights - prior)
        for case in told:
            missed, slope = _surprise(case, weights)
            value, gradient = value + missed, gradient + slope
        return value / users, gradient / users

    with threadpool_limits(limits=1, user_api="blas"):
        found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(0, None)] * s).x
    return found if found.sum() > 0 else prior


def _with_a_choice(case: Choices) -> Choices:
    """Of the users who chose anything open."""
    chosen = case.chosen & case.open
    rows = chosen.any(axis=1)
    return Choices(case.scores[rows], chosen[rows], case.open[rows])


def _surprise(case: Choices, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The negative log likelihood of the choices, and its gradient (s,)."""
    if not len(case.chosen):
        return 0.0, np.zeros(len(weights))
    scores = np.where(case.open, case.scores @ weights.astype(np.float32), -np.inf)
    scores -= scores.max(axis=1, keepdims=True)
    chances = np.exp(scores)
    total = chances.sum(axis=1, keepdims=True)
    shares = case.chosen / case.chosen.sum(axis=1, keepdims=True, dtype=np.float32)
    value = np.log(total).sum() - (np.where(case.open, scores, 0) * shares).sum()
    slope = np.tensordot(chances / total - shares, case.scores, axes=2)
    return float(value), slope.astype(np.float64)
