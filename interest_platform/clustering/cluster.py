"""Cluster the vectors of a window with the method of the settings."""

import numpy as np

from interest_platform.clustering.canonical import moved
from interest_platform.clustering.density import Hdbscan
from interest_platform.clustering.hierarchical import Ward
from interest_platform.clustering.kmeans import SphericalKMeans
from interest_platform.clustering.lloyd import nearest
from interest_platform.clustering.membership import own_cosines, pooled_concentration, posterior
from interest_platform.clustering.minibatch import MiniBatchKMeans
from interest_platform.clustering.mixture import GaussianMixture
from interest_platform.clustering.reduce import reduced, reduced_start
from interest_platform.clustering.result import Clusterer, Clustering, Partition, Progress
from interest_platform.clustering.rows import Rows, checked, distinct_rows
from interest_platform.clustering.separation import separations, structure_of
from interest_platform.clustering.silhouette import cosine_silhouette
from interest_platform.configuration import ClusteringSettings

CLUSTERERS: dict[str, type[Clusterer]] = {
    "kmeans": SphericalKMeans,
    "minibatch-kmeans": MiniBatchKMeans,
    "hierarchical": Ward,
    "hdbscan": Hdbscan,
    "gaussian-mixture": GaussianMixture,
}
"""Clusterers by their name in interest.yaml (`clustering.method`)."""


def cluster(
    vectors: np.ndarray,
    settings: ClusteringSettings,
    progress: Progress | None = None,
    start: np.ndarray | None = None,
    in_place: bool = False,
) -> Clustering:
    """The clusters of (n, d) unit vectors; n may be 0. `start`, (s, d): see `dynamics.warm_start`.

    The same vectors in any order, on any number of cores, give the same clusters with the same numbers: rows are put
    in the order of their content and cut into blocks that depend on nothing else, each computed by one thread (sums in
    several threads round as the threads happen to finish). With `in_place` rows change places within the array while
    they are clustered, float32 and writable, and are put back, so that no copy is made. Raises `EncoderError` for
    vectors that are not finite or not of unit length.
    """
    vectors = checked(vectors)
    if not len(vectors):
        return _empty(vectors.shape[1], settings)
    rows = distinct_rows(vectors, in_place)
    try:
        return _clustered(rows, settings, progress, start)
    finally:
        if in_place:
            moved(vectors, rows.inverse)


def _clustered(
    rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None
) -> Clustering:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        seen = reduced(rows, settings)
        partition = CLUSTERERS[settings.method]().partition(seen, settings, progress, reduced_start(rows, seen, start))
        return _described(rows, partition, settings)


def _described(rows: Rows, partition: Partition, settings: ClusteringSettings) -> Clustering:
    """Number the clusters, then derive all that follows from who is in which."""
    held = partition.labels >= 0
    members = rows if held.all() else rows.where(held)
    order, centroids = _ordered(members, partition.labels[held])
    labels = np.where(held, np.argsort(order)[partition.labels], -1)
    own = partition.membership
    separation = separations(members.vectors, centroids, np.argsort(order)[partition.labels[held]])
    membership = posterior(rows, centroids, labels) if own is None else own[:, order].astype(np.float32)
    return Clustering(
        labels=labels[rows.inverse].astype(np.int32),
        centroids=centroids,
        membership=_each(membership, rows),
        distances=_distances(rows, centroids, labels)[rows.inverse],
        k=len(centroids),
        k_method=partition.k_method,
        method=settings.method,
        silhouette=cosine_silhouette(members, labels[held]),
        curve=partition.curve,
        k_asked=None if settings.k == "auto" else settings.k,
        kappa=pooled_concentration(rows, centroids, labels),
        own_membership=own is not None,
        tree=partition.tree,
        k_chosen=partition.k_chosen,
        separation=separation,
        structure=structure_of(
            separation, np.bincount(labels[rows.inverse][held[rows.inverse]], minlength=len(centroids))
        ),
        leaves=None if partition.tree is None else partition.tree.leaves[rows.inverse],
    )


def _each(values: np.ndarray, rows: Rows) -> np.ndarray:
    """What distinct rows have, (m, k), for every user's row, (n, k); in the same memory where none is repeated."""
    return moved(values, rows.inverse) if len(rows) == rows.total else values[rows.inverse]


def _distances(rows: Rows, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cosine distance of every distinct row to its centroid, to the nearest where it is in no cluster, (m,)."""
    if (labels < 0).any():
        labels = np.where(labels >= 0, labels, nearest(rows, centroids))
    return np.clip(1 - own_cosines(rows, centroids, labels), 0, 2)


def _ordered(rows: Rows, labels: np.ndarray) -> tuple[list[int], np.ndarray]:
    """The clusters, the largest first, ties by the centroid's values in order, and their centroids in that order."""
    sizes, centroids = rows.sizes(labels), rows.directions(labels)
    order = sorted(range(len(sizes)), key=lambda c: (-sizes[c], centroids[c].tolist()))
    return order, centroids[order]


def _empty(dimensions: int, settings: ClusteringSettings) -> Clustering:
    """No rows, no clusters."""
    return Clustering(
        labels=np.zeros(0, np.int32),
        centroids=np.zeros((0, dimensions), np.float32),
        membership=np.zeros((0, 0), np.float32),
        distances=np.zeros(0),
        k=0,
        k_method=_k_method(settings),
        method=settings.method,
        silhouette=None,
        curve=(),
        k_asked=None if settings.k == "auto" else settings.k,
        kappa=0.0,
    )


def _k_method(settings: ClusteringSettings) -> str:
    if settings.method == "hdbscan":
        return "density"
    return settings.window_rule if settings.k == "auto" else "fixed"
