"""How far apart two windows' interests lie: MMD, energy distance and the shift of the mean.

Each is `w' K w` with w = 1/n of the reference's units and -1/n of this window's, so that the matrix K is made once
and every exchange of users costs one product:

- MMD² (Gretton et al. 2012, JMLR 13, eq. 5, biased): K_ij = exp(-|x_i - x_j|² / (2 s²)), s the pooled median distance.
- energy distance (Székely and Rizzo 2013, J. Stat. Plan. Inference 143): K_ij = -|x_i - x_j|, giving
  2 E|X - Y| - E|X - X'| - E|Y - Y'|.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interest_platform.dynamics.drift.permutation import Statistic
from interest_platform.dynamics.drift.pool import Labels, Pool

TOUCHING = 1e-6
"""Squared distances of unit vectors below this are float32 rounding: the vectors are equal."""
MEDIAN_OF = 2_000
"""Rows at most that the median distance is taken over."""


@dataclass(frozen=True)
class Rows:
    """Interests: vectors (rows, d) float32, and for each its unit (rows,) ascending and its share of the user."""

    vectors: NDArray[np.float32]
    unit: NDArray[np.int64]
    weight: NDArray[np.float64]

    def take(self, units: NDArray[np.int64]) -> "Rows":
        """The rows of these units (ascending), which are numbered anew."""
        kept = np.isin(self.unit, units)
        return Rows(self.vectors[kept], np.searchsorted(units, self.unit[kept]), self.weight[kept])

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each unit's weighted sum of `values` (rows, m), (units, m)."""
        if np.array_equal(self.unit, np.arange(len(self.unit))) and (self.weight == 1).all():
            return values
        weighted = values * self.weight[:, None].astype(np.float32)
        starts = np.flatnonzero(np.r_[True, self.unit[1:] != self.unit[:-1]])
        return np.add.reduceat(weighted, starts, axis=0)


@dataclass(frozen=True)
class Distances:
    """The statistics of MMD² and energy distance, and E|X - Y| between the windows as observed."""

    mmd: Statistic
    energy: Statistic
    between: float


def distances(rows: Rows, pool: Pool) -> Distances:
    """Both matrices of the pooled units: 4 bytes x units² each."""
    apart = _squared(rows.vectors)
    spread = _median(apart)
    kernel = _of_units(np.exp(apart / np.float32(-2 * spread if spread > 0 else -1)), rows)
    length = _of_units(np.sqrt(apart, out=apart), rows)
    between = float(length[np.ix_(pool.before, ~pool.before)].mean(dtype=np.float64))
    return Distances(_quadratic(_centred(kernel)), _quadratic(_centred(-length)), between)


def mean_shift(rows: Rows) -> tuple[Statistic, float]:
    """The statistic |mean before - mean after|², and the pooled variance about the mean, summed over dimensions.

    Linear in the number of units.
    """
    of_units = rows.sums(rows.vectors)
    middle = of_units.mean(axis=0, dtype=np.float64)
    lengths = np.einsum("ij,ij->i", of_units, of_units).mean(dtype=np.float64)
    variance = max(float(lengths - middle @ middle), 0.0)

    def statistic(labels: Labels) -> NDArray[np.float64]:
        shift = signs(labels) @ of_units
        return _not_noise(np.einsum("ij,ij->i", shift, shift, dtype=np.float64))

    return statistic, variance


def signs(labels: Labels) -> NDArray[np.float32]:
    """1 / n of the reference's units, -1 / n of the others, for every draw: (draws, units)."""
    before = labels.sum(axis=1, keepdims=True)
    return np.where(labels, 1 / before, -1 / (labels.shape[1] - before)).astype(np.float32)


def _quadratic(matrix: NDArray[np.float32]) -> Statistic:
    def statistic(labels: Labels) -> NDArray[np.float64]:
        w = signs(labels)
        return _not_noise(np.einsum("ij,ij->i", w @ matrix, w, dtype=np.float64))

    return statistic


def _not_noise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values < 1e-9, 0.0, values)


def _squared(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.einsum("ij,ij->i", vectors, vectors)
    apart = vectors @ vectors.T
    # in its own memory: at thousands of rows new memory for each step costs more than the step
    apart *= -2
    apart += norms[:, None]
    apart += norms[None, :]
    return np.multiply(apart, apart >= TOUCHING, out=apart)


def _median(apart: NDArray[np.float32]) -> float:
    """Median of the squared distances of distinct pairs of rows; rows are sorted by user, so that it knows no side."""
    step = max(1, -(-len(apart) // MEDIAN_OF))
    some = apart[::step, ::step]
    return float(np.median(some[np.triu_indices(len(some), 1)])) if len(some) > 1 else 0.0


def _of_units(matrix: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
    halfway = rows.sums(matrix)
    return halfway if halfway is matrix else np.ascontiguousarray(rows.sums(np.ascontiguousarray(halfway.T)))


def _centred(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    # w sums to 0, so centring changes no statistic; it keeps float32 from cancelling large numbers
    means = matrix.mean(axis=0, dtype=np.float64)
    matrix -= (means - means.mean() / 2).astype(np.float32)[None, :]
    matrix -= (means - means.mean() / 2).astype(np.float32)[:, None]
    return matrix
