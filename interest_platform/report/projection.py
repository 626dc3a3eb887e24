"""The plane of the map: one for all windows, so that a segment that moves is seen to move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """An origin (d,) and two orthonormal axes (2, d)."""

    origin: NDArray[np.float64]
    axes: NDArray[np.float64]

    def points(self, vectors: Vectors) -> Points:
        """Where vectors (n, d) lie: (n, 2)."""
        return (np.asarray(vectors, np.float64).reshape(-1, len(self.origin)) - self.origin) @ self.axes.T


def fit_plane(centroids: Vectors, sizes: Sequence[float], users: Vectors) -> Plane:
    """The plane in which the pooled centroids of all windows, each counted `sqrt(size)` times, lie furthest apart.

    Principal components (Pearson 1901) of the weighted centroids (n, d) together with a sample of users (m, d), which
    together weigh a tenth of the centroids: they fix the axes that few centroids leave open. An axis points to where
    its largest loading is positive. Fewer than two axes are filled with zeros.
    """
    from threadpoolctl import threadpool_limits

    weights = np.sqrt(np.asarray(sizes, np.float64))
    weights /= weights.sum() or 1.0
    share = 0.1 / len(users) if len(users) else 0.0
    rows = np.vstack([np.asarray(centroids, np.float64), np.asarray(users, np.float64).reshape(-1, centroids.shape[1])])
    weights = np.concatenate([weights, np.full(len(users), share)])
    origin = weights @ rows / weights.sum()
    with threadpool_limits(limits=1):  # sums in several threads round as the threads happen to finish
        _, strength, found = np.linalg.svd((rows - origin) * np.sqrt(weights)[:, None], full_matrices=False)
    axes = np.zeros((2, rows.shape[1]))
    kept = found[:2][strength[:2] > 1e-9]
    axes[: len(kept)] = kept * np.sign(kept[np.arange(len(kept)), np.abs(kept).argmax(axis=1)])[:, None]
    return Plane(origin, axes)


def drawn(vectors: Vectors, limit: int, seed: int = 0) -> NDArray[np.intp]:
    """Indices of at most `limit` vectors, drawn by `seed`; the same vectors whatever order the rows are in."""
    order = np.lexsort(vectors[:, ::-1].T[-4:])
    if len(order) > limit:
        order = order[np.sort(np.random.default_rng(seed).choice(len(order), limit, replace=False))]
    return order


def fitted(points: Points, box: tuple[float, float, float, float]) -> tuple[Points, float]:
    """Offsets (1, 2) and one scale for both axes that bring the points into the box (left, top, right, bottom)."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.maximum(high - low, 1e-9)
    scale = float(min((box[2] - box[0]) / span[0], (box[3] - box[1]) / span[1]))
    # all points in one place: that place is the middle, whatever the scale
    scale = scale if (high - low).max() > 1e-9 else 1.0
    middle = np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
    return middle - scale * (low + high)[None] / 2, scale
