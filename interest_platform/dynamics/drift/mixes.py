"""How far two windows differ in how something is shared out: users over segments, texts over languages, words.

- Jensen-Shannon divergence in bits, 0 to 1 (Lin 1991, IEEE Trans. Inf. Theory 37): the mean Kullback-Leibler
  divergence of both shares to their average.
- population stability index, sum (a - b) ln(a / b) (Siddiqi 2006, Credit Risk Scorecards); half a unit is added to
  every count, so that a segment that is in one window alone gives no infinite value.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interest_platform.dynamics.drift.permutation import Statistic
from interest_platform.dynamics.drift.pool import Labels

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Measure = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""Amounts (draws, m) of either side to a value a draw, (draws,)."""
HALF = 0.5


def jensen_shannon(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Jensen-Shannon divergence in bits between amounts (..., categories); 0 where a side is empty.

    >>> float(jensen_shannon([1, 0], [0, 3])), float(jensen_shannon([2, 2], [5, 5]))
    (1.0, 0.0)
    """
    p, q = _shares(before), _shares(after)
    middle = (p + q) / 2
    value = (_information(p, middle) + _information(q, middle)) / 2
    return np.where((p.sum(axis=-1) > 0) & (q.sum(axis=-1) > 0), np.maximum(value, 0), 0)


def stability_index(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Population stability index between amounts (..., categories), half a unit added to each.

    >>> round(float(stability_index([49.5, 49.5], [24.5, 74.5])), 6)  # (.25 - .5) ln(.25 / .5) + (.75 - .5) ln 1.5
    0.274653
    """
    p, q = _shares(np.asarray(before, np.float64) + HALF), _shares(np.asarray(after, np.float64) + HALF)
    return np.sum((q - p) * np.log(q / p), axis=-1)


def mix_statistics(amounts: NDArray[np.float32]) -> dict[str, Statistic]:
    """Both measures as statistics of the units' amounts, (units, categories)."""
    return {"js": of_sums(amounts, jensen_shannon), "psi": of_sums(amounts, stability_index)}


def of_sums(amounts: "NDArray[np.float32] | csr_array", measure: Measure) -> Statistic:
    """A statistic of both sides' sums of `amounts`, (units, m), dense or sparse."""
    total = np.asarray(amounts.sum(axis=0), np.float64).ravel()

    def statistic(labels: Labels) -> NDArray[np.float64]:
        # sums of counts are exact in float32 up to 16 million
        before = np.asarray(labels.astype(np.float32) @ amounts, np.float64)
        return measure(before, np.maximum(total - before, 0))

    return statistic


def _shares(amounts: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(amounts, np.float64)
    return given / np.maximum(given.sum(axis=-1, keepdims=True), 1e-300)


def _information(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sum(p * np.log2(np.where(p > 0, p, 1) / np.where(p > 0, q, 1)), axis=-1)
