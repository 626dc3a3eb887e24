"""Intervals of means over users, some of whom were judged in several windows.

The percentile bootstrap (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 13) over clusters (Field and
Welsh 2007, JRSS B 69): users are drawn with replacement, each with all rows that are theirs, since a user's rows of
several windows are not independent. The statistic is the mean over rows: sum of the drawn users' sums over the sum of
their rows. A difference of two strategies is the mean of the rows' differences: the same users, in the same windows.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interest_platform.errors import ContractError

DRAWS = 2_000
LEVEL = 0.95
_CELLS = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A mean over rows with its confidence limits, NaN for fewer than two users: of one nothing is known."""

    value: float
    low: float
    high: float
    n_users: int
    n_rows: int

    def __str__(self) -> str:
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def mean_intervals(
    values: NDArray[np.float64], users: ArrayLike, seed: int = 0, draws: int = DRAWS, level: float = LEVEL
) -> list[Interval]:
    """Of each column of `values` (rows, columns), all from the same draws of `users` (rows,).

    The order of the rows changes nothing. O(draws * users), in blocks. Raises `ContractError` for NaN or infinity.
    """
    if not np.isfinite(values).all():
        raise ContractError(
            f"{(~np.isfinite(values)).sum()} values of {values.size} are no numbers: leave those rows out"
        )
    if not 0 < level < 1 or draws < 1:
        raise ContractError(f"level {level}, {draws} draws: a level between 0 and 1 and 1 draw at least are allowed")
    keys, whose, rows = np.unique(np.asarray(users), return_inverse=True, return_counts=True)
    if not len(keys):
        return [Interval(nan, nan, nan, 0, 0)] * values.shape[1]
    sums = np.stack([np.bincount(whose, weights=column, minlength=len(keys)) for column in values.T], axis=1)
    means = sums.sum(axis=0) / len(values)
    limits = np.full((2, values.shape[1]), nan)
    if len(keys) > 1:
        tail = (1 - level) / 2
        limits = np.quantile(_drawn(np.column_stack([sums, rows]), draws, seed), [tail, 1 - tail], axis=0)
    return [
        Interval(float(m), float(low), float(high), len(keys), len(values))
        for m, low, high in zip(means, *limits, strict=True)
    ]


def mean_interval(
    values: NDArray[np.float64], users: ArrayLike, seed: int = 0, draws: int = DRAWS, level: float = LEVEL
) -> Interval:
    """Of `values` (rows,); as `mean_intervals`."""
    return mean_intervals(values[:, None], users, seed, draws, level)[0]


def _drawn(clusters: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """The means of each draw (draws, columns) from sums and the number of rows a user (users, columns + 1)."""
    rng = np.random.default_rng(seed)
    n, found = len(clusters), []
    block = max(1, _CELLS // n)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        totals = times.astype(np.float64) @ clusters
        found.append(totals[:, :-1] / totals[:, -1:])
    return np.concatenate(found)
