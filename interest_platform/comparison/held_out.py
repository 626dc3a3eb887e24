"""Whether clusters come again on other users: each half clustered alone, the other put to its centroids."""

from dataclasses import dataclass

import numpy as np

from interest_platform.clustering import Clustering, cluster, cosine_silhouette
from interest_platform.clustering.rows import Rows, checked, distinct_rows
from interest_platform.clustering.stability import halves
from interest_platform.configuration import ClusteringSettings

SPLITS = 2
"""How often users are halved: four numbers are averaged, at the cost of two clusterings of all users."""


@dataclass(frozen=True)
class HeldOut:
    """`stability`: mean adjusted Rand index; `silhouette`: mean silhouette by clusters that other users have shaped."""

    stability: float | None = None
    silhouette: float | None = None


def held_out(vectors: np.ndarray, clustering: Clustering, settings: ClusteringSettings) -> HeldOut:
    """Halve the (n, d) unit vectors, cluster each half into as many clusters, and put the other half to the nearest.

    Agreement of that with the half's own clusters (Hubert and Arabie 1985), where an unassigned user is a cluster of
    its own kind; a half that comes out as one cluster agrees with nothing. None with fewer than two clusters, or fewer
    than four users a cluster.
    """
    if clustering.k < 2 or len(vectors) < 4 * clustering.k:
        return HeldOut()
    pairs = halves(distinct_rows(checked(vectors)), settings.seed)[:SPLITS]
    told = [_tested(pair, _of_a_half(clustering, settings)) for pair in pairs]
    agreements, scores = [a for part in told for a, _ in part], [s for part in told for _, s in part]
    known = [s for s in scores if s is not None]
    return HeldOut(float(np.mean(agreements)), float(np.mean(known)) if known else None)


def _of_a_half(clustering: Clustering, settings: ClusteringSettings) -> ClusteringSettings:
    """As many clusters from half the users; hdbscan's are half as large at least."""
    if settings.method == "hdbscan":
        return settings.model_copy(update={"min_cluster_size": max(2, settings.min_cluster_size // 2)})
    return settings.model_copy(update={"k": clustering.k})


def _tested(pair: tuple[Rows, Rows], settings: ClusteringSettings) -> list[tuple[float, float | None]]:
    """Agreement and silhouette of either half by the centroids of the other."""
    own = [cluster(half.vectors[half.repeated], settings) for half in pair]
    return [_agreement(pair[tested], own[tested], own[1 - tested]) for tested in (0, 1)]


def _agreement(half: Rows, own: Clustering, other: Clustering) -> tuple[float, float | None]:
    from sklearn.metrics import adjusted_rand_score

    if own.k < 2 or other.k < 2:
        return 0.0, None
    nearest = (half.vectors @ other.centroids.T).argmax(axis=1)
    used = np.unique(nearest, return_inverse=True)[1]
    return float(adjusted_rand_score(own.labels, nearest[half.repeated])), cosine_silhouette(half, used)
