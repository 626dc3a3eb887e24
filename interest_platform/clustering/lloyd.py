"""Lloyd's steps on the sphere, exactly, without looking at rows that can't change their cluster."""

import numpy as np

from interest_platform.clustering.rows import Rows
from interest_platform.numerics.blocks import over_blocks, taken

GAIN = 1e-6
"""Least gain in cosine that counts: float32 rounding of a cosine stays below it."""

EXACT_STEPS = 100
"""Steps before moves must gain more than GAIN, which ends cycles among ties."""

SETTLED = 0.05
"""Share of rows that move up to which bounds are kept: while more do, centroids go too far for bounds to tell."""

MOST = 0.75
"""Share of a block's rows from which on all of them are looked at: gathering more costs what it spares."""


def settle(
    rows: Rows, labels: np.ndarray | None = None, start: np.ndarray | None = None, steps: int | None = None
) -> np.ndarray:
    """Labels (m,), 0..j-1 without gaps, once no step changes one, or after so many steps.

    Begins from labels, or without them from centroids `start`, (k, d) unit vectors. A step moves every row to the
    centroid with the largest cosine, rows that tie staying where they are; the unit sums of the members are the next
    centroids. Each step raises the sum of cosines, so this ends.
    """
    lloyd, taken = _Lloyd(rows, labels, start), 0
    while lloyd.step(0 if taken < EXACT_STEPS else GAIN):
        taken += 1
        if taken == steps:
            break
    return lloyd.labels


def nearest(rows: Rows, centroids: np.ndarray) -> np.ndarray:
    """The centroid of (k, d) with the largest cosine, (m,), the first of those that tie."""
    towards = centroids.astype(np.float32).T
    return np.concatenate(list(over_blocks(len(rows), lambda at: (rows.vectors[at] @ towards).argmax(axis=1))))


class _Lloyd:
    """Labels, the sums behind the centroids, and each row's bounds.

    Bounds are Hamerly's (2010): how far, by |x - c|, a row is from its own centroid at most and from all others at
    least. By the triangle inequality they hold on once they have given way by as far as centroids have moved, and a row
    whose first is below its second stays. On the sphere |x - c|^2 = |x|^2 + 1 - 2 x.c.
    """

    def __init__(self, rows: Rows, labels: np.ndarray | None, start: np.ndarray | None) -> None:
        n = len(rows)
        self._rows = rows
        self._squares = np.concatenate(list(over_blocks(n, self._squared)))
        self._own, self._other = np.full(n, np.inf, np.float32), np.zeros(n, np.float32)
        self._sums: np.ndarray | None = None
        self._bound = False
        if labels is None:
            assert start is not None, "labels or a start"
            self.labels, self._centroids = np.zeros(n, np.intp), start.astype(np.float32)
        else:
            self.labels = np.unique(labels, return_inverse=True)[1]
            self._sums = rows.sums(self.labels)
            self._centroids = rows.unit_sums(self._sums, self.labels)
        self._own_drift = self._other_drift = np.zeros(len(self._centroids), np.float32)

    def step(self, gain: float) -> bool:
        """Move rows that gain more than `gain`, then the centroids; False where no row has moved."""
        found = list(over_blocks(len(self._rows), lambda at: self._moves(at, gain)))
        moved, old = (np.concatenate(parts) for parts in zip(*found, strict=True))
        if not len(moved) and self._sums is not None:
            return False
        before = self._centroids
        kept = np.bincount(self.labels, minlength=len(before)) > 0
        if self._sums is None or len(moved) > MOST * len(self._rows):
            self.labels = (np.cumsum(kept) - 1)[self.labels]
            self._sums = self._rows.sums(self.labels)
        else:
            self._sums = (self._sums + self._rows.shift(moved, old, self.labels[moved], len(kept)))[kept]
            self.labels = (np.cumsum(kept) - 1)[self.labels]
        self._centroids = self._rows.unit_sums(self._sums, self.labels)
        self._drifted(before[kept])
        self._bound = len(moved) <= SETTLED * len(self._rows)
        return True

    def _squared(self, at: slice) -> np.ndarray:
        return np.einsum("ij,ij->i", self._rows.vectors[at], self._rows.vectors[at])

    def _moves(self, at: slice, gain: float) -> tuple[np.ndarray, np.ndarray]:
        """Label a block's rows anew: the numbers of those that moved, and the labels they had."""
        labels, at_most, at_least = self.labels[at], self._own[at], self._other[at]  # views: written to
        at_most += self._own_drift[labels]
        at_least -= self._other_drift[labels]
        looked = np.flatnonzero(at_most >= at_least)
        if len(looked) > MOST * len(labels):
            looked = np.arange(len(labels))
        whole = len(looked) == len(labels)
        vectors = taken(self._rows.vectors, at if whole else at.start + looked)
        own, squares, each = labels[looked], self._squares[at][looked], np.arange(len(looked))
        cosines = vectors @ self._centroids.T
        moved = cosines.max(axis=1) > cosines[each, own] + gain
        now = own.copy()
        now[moved] = cosines[moved].argmax(axis=1)
        if self._bound:
            at_most[looked] = _distance(squares, cosines[each, now] - GAIN)
            cosines[each, now] = -np.inf
            at_least[looked] = _distance(squares, cosines.max(axis=1) + GAIN)
        else:
            at_most[looked] = np.inf
        labels[looked] = now
        return at.start + looked[moved], own[moved]

    def _drifted(self, before: np.ndarray) -> None:
        """How far each centroid has moved, and the farthest move of the others; a little more, for rounding."""
        drift = np.linalg.norm(self._centroids.astype(np.float64) - before, axis=1) + GAIN
        farthest = int(drift.argmax())
        others = np.full(len(drift), drift[farthest])
        others[farthest] = np.delete(drift, farthest).max(initial=0.0)
        self._own_drift, self._other_drift = drift.astype(np.float32), others.astype(np.float32)


def _distance(squares: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(squares + 1 - 2 * cosines, 0))
