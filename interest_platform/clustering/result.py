"""What a clusterer is given and gives, and what a clustering of a window is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from interest_platform.clustering.rows import Rows
from interest_platform.clustering.separation import Structure, mean_separation, told
from interest_platform.clustering.tree import Tree
from interest_platform.configuration import ClusteringSettings

Progress = Callable[[int, int], None]
"""Told (done, total) after every k that has been tried."""


@dataclass(frozen=True)
class CurvePoint:
    """A k that was tried on the sample, and all that rules choose by; None where it is not defined or not asked for.

    `silhouette` mean by cosine; `inertia` sum of cosine distances to the centroids; `bic` lower is better; `gap` and
    its standard error `gap_error`; `stability` mean adjusted Rand index over pairs of halves, `strength` and its
    standard error `strength_error` their prediction strength; `agreement` and `entropy` those of k_rule carried;
    `seconds` it took.
    """

    k: int
    silhouette: float | None
    inertia: float
    seconds: float
    bic: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    stability: float | None = None
    strength: float | None = None
    strength_error: float | None = None
    agreement: float | None = None
    entropy: float | None = None


@dataclass(frozen=True)
class Partition:
    """What a clusterer decides: a label for every distinct vector, (m,) int, using each of 0..k-1, and why this k.

    Label -1 is a row in no cluster. `k_chosen` is the k that a rule
    chose from the curve. `membership`, (m, k) with rows that sum to 1, where the method tells it; else it is
    derived from the labels. `tree` where the method has one.
    """

    labels: np.ndarray
    k_method: str
    curve: tuple[CurvePoint, ...] = ()
    membership: np.ndarray | None = None
    tree: Tree | None = None
    k_chosen: int | None = None


class Clusterer(Protocol):
    """Cuts distinct unit vectors in canonical order into clusters.

    All randomness comes from `settings.seed`. Centroids, numbering and quality are not its business, nor is membership
    unless the method has its own: they are derived from the labels, in the same way for every clusterer.
    """

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Label the m >= 1 rows; `start`, (s, d) unit vectors, is where clusters of the last window are now."""
        ...


@dataclass(frozen=True)
class Clustering:
    """The clusters of n unit vectors in d dimensions; cluster 0 is the largest.

    `labels` (n,) int32, 0..k-1, every cluster has a member, -1 in none; `centroids` (k, d) float32, unit; `membership`
    (n, k) float32, rows sum to 1; `distances` (n,) float64, cosine distance to the own centroid, 0..2, to the nearest
    where there is no own; `k_method` "fixed", the rule's name, or "density" where the method finds k itself;
    `silhouette` the mean over all rows in clusters, None with fewer than 2 clusters or where every row is its own;
    `curve` the k that were tried; `k_asked` the k asked for, None where k was chosen: more than `k` where there are
    fewer distinct vectors; `kappa` the concentration behind a derived membership; `own_membership` whether membership
    is the method's own and not derived; `k_chosen` the k that a rule chose from the curve; `tree` and `leaves`, (n,),
    each row's leaf in it, where the method has one; `separation` (k,) and `structure`: see `clustering.separation`.
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
    own_membership: bool = False
    tree: Tree | None = None
    leaves: np.ndarray | None = None
    k_chosen: int | None = None
    separation: np.ndarray | None = None
    structure: Structure = "none"

    @property
    def sizes(self) -> np.ndarray:
        """Members of each cluster, (k,) int64, largest first."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.k)

    @property
    def told(self) -> str:
        """What the structure of the window means, in a sentence."""
        if not self.k:
            return "no user has a text in this window"
        return told(self.structure, self.k, len(self.labels), self.mean_separation)

    @property
    def mean_separation(self) -> float | None:
        """The clusters' separation, by their sizes; None with one cluster."""
        return mean_separation(self.separation, self.sizes)

    @property
    def own(self) -> np.ndarray:
        """Membership of each row in its own cluster, (n,) float32; 0 in no cluster."""
        rows = np.arange(len(self.labels))
        return np.where(self.labels >= 0, self.membership[rows, self.labels], np.float32(0)) if self.k else np.zeros(0)
