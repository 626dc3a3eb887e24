"""A carried window as a clustering: clusters by size, with the centroids of their members."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.carried.history import History
from interest_platform.clustering.carried.reproducibility import Agreement
from interest_platform.clustering.carried.step import Carried
from interest_platform.clustering.membership import own_cosines, pooled_concentration
from interest_platform.clustering.result import Clustering, CurvePoint
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.separation import Structure, separations, structure_of
from interest_platform.clustering.silhouette import cosine_silhouette

METHOD = "carried"


@dataclass(frozen=True)
class Placed:
    """The clustering of a window's users, and the cluster of each lineage that has one."""

    clustering: Clustering
    clusters: Mapping[str, int]


def placed(carried: Carried, history: History, place: np.ndarray) -> Placed:
    """Each user in the most likely segment; segments without a user are no cluster of the window.

    `place` (n,) says where each of the window's rows stands in the history's rows of now. The cluster of a user is
    decided by the user's past too, so that users with equal vectors may be in different ones.
    """
    vectors, posterior = history.vectors[history.now], carried.posterior
    best = posterior.argmax(axis=1)
    used = np.unique(best)
    labels, posterior = np.searchsorted(used, best), posterior[:, used]
    rows = Rows(vectors, np.ones(len(vectors), np.int64), place)
    sizes, centroids = rows.sizes(labels), rows.directions(labels)
    order = sorted(range(len(sizes)), key=lambda c: (-sizes[c], centroids[c].tolist()))
    centroids, rank = centroids[order], np.argsort(order)
    labels = rank[labels]
    posterior = posterior[:, order] / posterior.sum(axis=1, keepdims=True)
    separation = separations(vectors, centroids, labels)
    clustering = Clustering(
        labels=labels[place].astype(np.int32),
        centroids=centroids,
        membership=posterior[place].astype(np.float32),
        distances=np.clip(1 - own_cosines(rows, centroids, labels), 0, 2)[place],
        k=len(order),
        k_method=METHOD,
        method="kmeans",
        silhouette=cosine_silhouette(rows, labels),
        curve=_curve(carried.measured),
        k_asked=None,
        kappa=pooled_concentration(rows, centroids, labels),
        own_membership=True,
        k_chosen=carried.state.k if carried.measured else None,
        separation=separation,
        structure=_structure(separation, sizes[order], carried.state.k),
    )
    clusters = {carried.state.lineages[each]: int(rank[number]) for number, each in enumerate(used)}
    return Placed(clustering, clusters)


def _structure(separation: np.ndarray | None, sizes: np.ndarray, k: int) -> Structure:
    """One segment with users beside others that are quiet is weak structure, not none."""
    if k < 2:
        return "none"
    return "weak" if separation is None else structure_of(separation, sizes)


def _curve(measured: Mapping[int, Agreement]) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(k, None, told.inertia, told.seconds, agreement=told.ami, entropy=told.entropy)
        for k, told in sorted(measured.items())
    )
