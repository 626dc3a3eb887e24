"""The rows a clusterer sees: distinct unit vectors in an order that depends on nothing but their content."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from interest_platform.clustering.canonical import canonical_order, moved
from interest_platform.errors import EncoderError
from interest_platform.interests.vectors import OPPOSED
from interest_platform.numerics.blocks import doubled, over_blocks, taken

TOLERANCE = 1e-3
"""How far a vector's length may be from 1 (float32 and bf16 encoders round)."""


@dataclass(frozen=True)
class Rows:
    """Distinct unit vectors (m, d) float32 sorted by content, how often each occurs (m,), and which is which (n,).

    Clustering these, and not the users' rows, makes the result independent of the order of users (their keys are
    random in each home), gives equal vectors equal labels, and costs no more than the distinct vectors do.
    """

    vectors: np.ndarray
    counts: np.ndarray
    inverse: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def total(self) -> int:
        """Number of users' rows."""
        return len(self.inverse)

    def sample(self, size: int, seed: int) -> "Rows":
        """At most `size` of the users' rows, drawn without replacement."""
        if self.total <= size:
            return self
        return self.taken(np.random.default_rng(seed).choice(self.repeated, size, replace=False))

    @property
    def repeated(self) -> np.ndarray:
        """The number of the distinct row of every user's row, in canonical order, (total,)."""
        return np.repeat(np.arange(len(self)), self.counts)

    def taken(self, numbers: np.ndarray) -> "Rows":
        """The distinct rows of these numbers, each as often as it is named; 1 at least.

        Users are in canonical order.
        """
        kept, inverse, counts = np.unique(np.sort(numbers), return_inverse=True, return_counts=True)
        return Rows(self.vectors[kept], counts, inverse)

    def where(self, mask: np.ndarray) -> "Rows":
        """Some of the distinct rows, (m,) bool, with all their users in canonical order; 1 at least."""
        return Rows(self.vectors[mask], self.counts[mask], np.repeat(np.arange(mask.sum()), self.counts[mask]))

    def sums(self, labels: np.ndarray) -> np.ndarray:
        """The sum of the vectors of each label 0..k-1, (k, d) float64, every vector as often as it occurs."""
        k = int(labels.max()) + 1
        return self._total(len(self), k, lambda at: (at, labels[at], self.counts[at], np.arange(at.stop - at.start)))

    def shift(self, numbers: np.ndarray, old: np.ndarray, new: np.ndarray, k: int) -> np.ndarray:
        """What changes in the `sums`, (k, d), where distinct rows of these numbers, (b,), go from label to label."""

        def both(at: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
            counts, each = self.counts[numbers[at]], np.arange(at.stop - at.start)
            labels = np.concatenate([old[at], new[at]])
            return numbers[at], labels, np.concatenate([-counts, counts]), np.concatenate([each, each])

        return self._total(len(numbers), k, both)

    def _total(
        self, rows: int, k: int, of: Callable[[slice], tuple[Any, np.ndarray, np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """The sum over blocks of what `of` names: rows, then label, weight and which of these rows of each summand."""
        from scipy.sparse import csr_array

        def summed(at: slice) -> np.ndarray:
            numbers, labels, weights, each = of(at)
            order = np.argsort(labels, kind="stable")
            starts = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=k))])
            shape = (k, at.stop - at.start)
            matrix = csr_array((weights[order].astype(np.float64), each[order], starts), shape=shape)
            return np.asarray(matrix @ doubled(taken(self.vectors, numbers)))

        total = np.zeros((k, self.vectors.shape[1]))
        for part in over_blocks(rows, summed):
            total += part
        return total

    def sizes(self, labels: np.ndarray) -> np.ndarray:
        """How many users' rows each label 0..k-1 has, (k,) int64."""
        return np.bincount(labels, weights=self.counts).astype(np.int64)

    def directions(self, labels: np.ndarray) -> np.ndarray:
        """The unit mean direction of each label 0..k-1, (k, d) float32: the centroid on the sphere.

        Vectors that cancel out have no direction; the first of them in canonical order stands for them.
        """
        return self.unit_sums(self.sums(labels), labels)

    def unit_sums(self, sums: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """`directions`, where the sums are known already."""
        length = np.linalg.norm(sums, axis=1)
        opposed = length <= OPPOSED * self.sizes(labels)
        if opposed.any():
            first = np.unique(labels, return_index=True)[1]
            sums = sums.copy()
            sums[opposed] = self.vectors[first[opposed]]
            length = np.linalg.norm(sums, axis=1)
        return (sums / length[:, None]).astype(np.float32)


def distinct_rows(vectors: np.ndarray, in_place: bool = False) -> Rows:
    """The rows of checked (n, d) float32 vectors, n >= 1, sorted by their bytes.

    With `in_place` they change places within the array given, and no second one is made.
    """
    first, inverse = canonical_order(vectors)
    distinct = moved(vectors, first) if in_place else vectors[first] + np.float32(0)
    return Rows(distinct, np.bincount(inverse), inverse)


def checked(vectors: np.ndarray) -> np.ndarray:
    """The vectors as (n, d) float32. Raises `EncoderError` unless all are finite and of unit length."""
    if not np.size(vectors):
        return np.zeros((0, vectors.shape[1] if np.ndim(vectors) == 2 else 0), np.float32)
    if np.ndim(vectors) != 2:
        raise EncoderError(f"clustering takes an (n, d) array of vectors, not one of shape {np.shape(vectors)}")
    vectors = np.asarray(vectors, np.float32)
    finite = np.concatenate(list(over_blocks(len(vectors), lambda at: np.isfinite(vectors[at]).all(axis=1))))
    if not finite.all():
        bad, first = np.count_nonzero(~finite), np.argmin(finite)
        told = f"{bad} of {len(vectors)} vectors hold NaN or infinity (first: row {first})"
        raise EncoderError(f"{told}; clustering takes finite unit vectors: check what the encoder or the source gives")
    length = np.concatenate(list(over_blocks(len(vectors), lambda at: np.linalg.norm(vectors[at], axis=1))))
    off = np.abs(length - 1) > TOLERANCE
    if off.any():
        bad, first = np.count_nonzero(off), np.argmax(off)
        told = f"{bad} of {len(vectors)} vectors are not of unit length (row {first}: {length[first]:.4g})"
        raise EncoderError(f"{told}; clustering takes lengths of 1 within {TOLERANCE}: scale them first")
    return vectors
