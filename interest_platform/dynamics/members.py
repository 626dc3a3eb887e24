"""Evidence of who: where returning users went, against going wherever anyone goes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from interest_platform.dynamics.passage import Groups, Passage

LEAVING = np.linspace(0.01, 0.6, 30)
"""Shares of a segment's returning users who leave it. Bounded: where most have left, the segment has not survived."""

CERTAINTY = 10.0
"""How alike segments are in their share of leaving users: the sum of the Beta distribution's two counts."""

ALIKE = (10.0, 30.0, 100.0, 300.0)
"""How alike segments may be in their share of returning users: the Beta distribution's counts that are tried."""

UNLINKED = 0.5
"""The first count of the Beta distribution of that share for a segment that died or was born."""

LEAST_PART = 0.15
"""Least share of a part in a split: a small stream of movers is migration."""


@dataclass(frozen=True)
class Members:
    """Log-likelihood ratios of a pair of windows, for a share `leaving` of returning users who change segment.

    `arriving`, (after,), tells where users go anyhow; where it is None, it is those of the passage.
    """

    passage: Passage
    leaving: float
    arriving: np.ndarray | None = None

    @cached_property
    def background(self) -> np.ndarray:
        """Where a user who leaves goes, (after,), sums to 1."""
        arriving = (self.passage.flows.sum(axis=0) if self.arriving is None else self.arriving) + 0.5
        return arriving / arriving.sum()

    @cached_property
    def _leaves(self) -> np.ndarray:
        """How likely each of LEAVING is, sums to 1."""
        return _beta_weights(LEAVING, self.leaving)

    def to(self, parent: int, groups: Groups) -> np.ndarray:
        """(groups,): the parent's returning users went to these children, against going wherever anyone goes."""
        flows, at = self.passage.flows[parent], np.asarray(groups)
        inside = flows[at]
        shares = (_parts(inside) / self.background[at])[:, None]
        stays = np.einsum("glp,gp->gl", np.log((1 - LEAVING)[:, None] * shares + LEAVING[:, None]), inside)
        leaves = np.log(LEAVING) * (flows.sum() - inside.sum(axis=1))[:, None]
        choice = 0.5 * (at.shape[1] - 1) * np.log1p(inside.sum(axis=1))  # the parts were fitted (BIC)
        return _log_mean(stays + leaves, self._leaves) - choice

    def returning(self) -> np.ndarray:
        """(before,): as many of the parent's users return as of other segments, against any number."""
        return _as_others(self.passage.flows.sum(axis=1), self.passage.users_before)

    def known(self) -> np.ndarray:
        """(after,): as many of the child's users were there before as in other segments, against any number."""
        return _as_others(self.passage.flows.sum(axis=0), self.passage.users_after)


def _parts(inside: np.ndarray) -> np.ndarray:
    parts = (inside + 1) / (inside + 1).sum(axis=1, keepdims=True)
    if parts.shape[1] == 1:
        return np.asarray(parts)
    parts = np.maximum(parts, LEAST_PART)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))


def _as_others(counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Beta-binomial of the windows' typical rate against a rate that may be anything, mostly nothing."""
    if not len(sizes):
        return np.zeros(0)
    sizes = np.maximum(sizes, counts)
    rate = float(np.clip(np.median(counts / np.maximum(sizes, 1)), 0.01, 0.99))
    other = _beta_binomial(counts, sizes, UNLINKED, UNLINKED * max((1 - rate) / rate, 1))
    fits = [_beta_binomial(counts, sizes, c * rate, c * (1 - rate)) for c in ALIKE]
    # how alike the segments are is theirs to say; one in ten may be a birth or death
    return max(fits, key=lambda fit: float(np.logaddexp(np.log(0.9) + fit, np.log(0.1) + other).sum())) - other


def _beta_binomial(counts: np.ndarray, sizes: np.ndarray, a: float, b: float) -> np.ndarray:
    """Log-probability, without the binomial coefficient: it cancels in every ratio."""
    from scipy.special import betaln

    return np.asarray(betaln(counts + a, sizes - counts + b) - betaln(a, b))


def _beta_weights(grid: np.ndarray, mean: float) -> np.ndarray:
    mean = float(np.clip(mean, 0.02, 0.55))
    logs = (CERTAINTY * mean - 1) * np.log(grid) + (CERTAINTY * (1 - mean) - 1) * np.log1p(-grid)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _log_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    top = values.max(axis=1)
    return np.asarray(top + np.log((np.exp(values - top[:, None]) * weights).sum(axis=1)))
