"""p-values by exchanging the users of two windows.

A test is drawn on only as long as its answer is open (Besag and Clifford 1991, Sequential Monte Carlo p-values,
Biometrika 78): after `ENOUGH` draws at least as large as the observed statistic, the p-value is ENOUGH over the draws
made; else (1 + exceedances) / (1 + permutations). Both are exact: P(p <= a) <= a under the null for every a.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interest_platform.dynamics.drift.pool import Labels, Pool

Statistic = Callable[[Labels], NDArray[np.float64]]
"""Labels (draws, units) to the statistic of each draw, (draws,): large where the two sides differ."""

ENOUGH = 25
"""Exceedances after which the null is plainly not rejected."""
SLACK = 1e-6
"""Draws that equal the observed statistic but for rounding count as equal."""
_FIRST, _CELLS = 100, 8_000_000


@dataclass(frozen=True)
class Test:
    """An observed statistic, its p-value, its mean under the null, and how many draws that took."""

    statistic: float
    p_value: float
    null_mean: float
    draws: int

    def excess(self) -> float:
        """The statistic less what chance alone gives, at least 0."""
        return max(0.0, self.statistic - self.null_mean)


def permutation_tests(
    statistics: Mapping[str, Statistic], pool: Pool, permutations: int, seed: tuple[int, ...]
) -> dict[str, Test]:
    """Test every statistic on the same draws. Empty where one of the windows has no user.

    Memory is bounded by blocks of draws; the result depends on the pool, the statistics and the seed alone.
    """
    if not pool.testable:
        return {}
    observed = {name: float(of(pool.before[None, :])[0]) for name, of in statistics.items()}
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    open_, done, rng = set(statistics), 0, np.random.default_rng(seed)
    block = max(1, min(_FIRST, _CELLS // len(pool.before)))
    while open_ and done < permutations:
        labels = pool.draw(rng, min(block, permutations - done))
        done += len(labels)
        for name in sorted(open_):
            drawn[name].append(statistics[name](labels))
            if done >= min(_FIRST, permutations) and _exceedances(drawn[name], observed[name]).sum() >= ENOUGH:
                open_.discard(name)
    return {name: _test(np.concatenate(drawn[name]), observed[name], permutations) for name in statistics}


def _exceedances(drawn: list[NDArray[np.float64]], observed: float) -> NDArray[np.bool_]:
    return np.concatenate(drawn) >= observed - SLACK * abs(observed)


def _test(drawn: NDArray[np.float64], observed: float, permutations: int) -> Test:
    exceeded = np.cumsum(_exceedances([drawn], observed))
    if exceeded[-1] >= ENOUGH:
        # the draw at which the last exceedance that was needed came
        p_value = ENOUGH / (int(np.searchsorted(exceeded, ENOUGH)) + 1)
    else:
        p_value = (1 + int(exceeded[-1])) / (1 + permutations)
    return Test(observed, float(p_value), float(drawn.mean()), len(drawn))
