"""What a clusterer is given and gives, and what a clustering of a window is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings

Progress = Callable[[int, int], None]
"""Told (done, total) after every k that has been tried."""


@dataclass(frozen=True)
class CurvePoint:
    """A k that was tried: mean cosine silhouette, sum of cosine distances to the centroids, and how long it took."""

    k: int
    silhouette: float
    inertia: float
    seconds: float


@dataclass(frozen=True)
class Partition:
    """What a clusterer decides: a label for every distinct vector, (m,) int, using each of 0..k-1, and why this k."""

    labels: np.ndarray
    k_method: str
    curve: tuple[CurvePoint, ...] = ()


class Clusterer(Protocol):
    """Cuts distinct unit vectors in canonical order into clusters.

    All randomness comes from `settings.seed`. Centroids, numbering, membership and quality are not its business:
    they are derived from the labels, in the same way for every clusterer.
    """

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Label the m >= 1 rows; `start`, (s, d) unit vectors, is where clusters of the last window are now."""
        ...


@dataclass(frozen=True)
class Clustering:
    """The clusters of n unit vectors in d dimensions; cluster 0 is the largest.

    `labels` (n,) int32, 0..k-1, every cluster has a member; `centroids` (k, d) float32, unit; `membership` (n, k)
    float32, rows sum to 1; `distances` (n,) float64, cosine distance to the own centroid, 0..2; `k_method` "fixed",
    "split_test" or "silhouette"; `silhouette` the mean over all rows, None with fewer than 2 clusters or where every
    row is its own;
    `curve` the k that were tried; `k_asked` the k asked for, None where k was chosen: more than `k` where there are
    fewer distinct vectors; `kappa` the concentration behind `membership`.
    """

    labels: np.ndarray
    centroids: np.ndarray
    membership: np.ndarray
    distances: np.ndarray
    k: int
    k_method: str
    method: str
    silhouette: float | None
    curve: tuple[CurvePoint, ...]
    k_asked: int | None
    kappa: float

    @property
    def sizes(self) -> np.ndarray:
        """Members of each cluster, (k,) int64, largest first."""
        return np.bincount(self.labels, minlength=self.k)
