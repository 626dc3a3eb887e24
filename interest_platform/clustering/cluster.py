"""Cluster the vectors of a window with the method of the settings."""

import numpy as np

from interest_platform.clustering.kmeans import SphericalKMeans
from interest_platform.clustering.membership import own_cosines, pooled_concentration, posterior
from interest_platform.clustering.result import Clusterer, Clustering, Partition, Progress
from interest_platform.clustering.rows import Rows, checked, distinct_rows
from interest_platform.clustering.silhouette import cosine_silhouette
from interest_platform.configuration import ClusteringSettings

CLUSTERERS: dict[str, type[Clusterer]] = {"kmeans": SphericalKMeans}
"""Clusterers by their name in interest.yaml (`clustering.method`)."""


def cluster(
    vectors: np.ndarray,
    settings: ClusteringSettings,
    progress: Progress | None = None,
    start: np.ndarray | None = None,
) -> Clustering:
    """The clusters of (n, d) unit vectors; n may be 0. `start`, (s, d): see `dynamics.warm_start`.

    The same vectors in any order, on any number of cores, give the same clusters with the same numbers: rows are put
    in the order of their content, and one thread computes (sums in several threads round as the threads happen to
    finish; on a few hundred users one thread is also faster). Raises `EncoderError` for vectors that are not finite
    or not of unit length.
    """
    from threadpoolctl import threadpool_limits

    vectors = checked(vectors)
    if not len(vectors):
        return _empty(vectors.shape[1], settings)
    rows = distinct_rows(vectors)
    with threadpool_limits(limits=1):
        partition = CLUSTERERS[settings.method]().partition(rows, settings, progress, start)
        return _described(rows, partition, settings)


def _described(rows: Rows, partition: Partition, settings: ClusteringSettings) -> Clustering:
    """Number the clusters, then derive all that follows from who is in which."""
    labels = _numbered(rows, partition.labels)
    centroids = rows.directions(labels)
    return Clustering(
        labels=labels[rows.inverse].astype(np.int32),
        centroids=centroids,
        membership=posterior(rows, centroids, labels)[rows.inverse],
        distances=np.clip(1 - own_cosines(rows, centroids, labels), 0, 2)[rows.inverse],
        k=len(centroids),
        k_method=partition.k_method,
        method=settings.method,
        silhouette=cosine_silhouette(rows, labels),
        curve=partition.curve,
        k_asked=None if settings.k == "auto" else settings.k,
        kappa=pooled_concentration(rows, centroids, labels),
    )


def _numbered(rows: Rows, labels: np.ndarray) -> np.ndarray:
    """The labels renumbered: the largest cluster is 0, ties by the centroid's values in order."""
    sizes, centroids = rows.sizes(labels), rows.directions(labels)
    order = sorted(range(len(sizes)), key=lambda c: (-sizes[c], centroids[c].tolist()))
    return np.argsort(order)[labels]


def _empty(dimensions: int, settings: ClusteringSettings) -> Clustering:
    """No rows, no clusters."""
    return Clustering(
        labels=np.zeros(0, np.int32),
        centroids=np.zeros((0, dimensions), np.float32),
        membership=np.zeros((0, 0), np.float32),
        distances=np.zeros(0),
        k=0,
        k_method=settings.k_rule if settings.k == "auto" else "fixed",
        method=settings.method,
        silhouette=None,
        curve=(),
        k_asked=None if settings.k == "auto" else settings.k,
        kappa=0.0,
    )
