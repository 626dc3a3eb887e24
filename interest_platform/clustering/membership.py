"""How strongly a vector belongs to each cluster: a posterior under a mixture of von Mises-Fisher distributions."""

import numpy as np

from interest_platform.clustering.rows import Rows, distinct_rows
from interest_platform.numerics.blocks import over_blocks

FLOOR = 1e-9
"""Least 1 - r^2: keeps the concentration finite where all vectors equal their centroids."""


def concentration(resultant: float, dimensions: int) -> float:
    """The concentration kappa of a von Mises-Fisher distribution with this mean resultant length (0..1).

    r (d - r^2) / (1 - r^2): the approximation of Banerjee, Dhillon, Ghosh and Sra 2005.
    """
    r = min(max(resultant, 0.0), 1.0)
    return r * (dimensions - r * r) / max(1 - r * r, FLOOR)


def own_cosines(rows: Rows, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cosine of every distinct row to its own centroid, (m,) float64."""

    def own(at: slice) -> np.ndarray:
        return np.einsum("ij,ij->i", rows.vectors[at], centroids[labels[at]], dtype=np.float64)

    return np.concatenate(list(over_blocks(len(rows), own)))


def pooled_concentration(rows: Rows, centroids: np.ndarray, labels: np.ndarray) -> float:
    """The one kappa of all clusters, from the mean cosine of the users' rows to their own centroids.

    For centroids that are mean directions that mean is the mean resultant length pooled over the clusters. Rows in no
    cluster (label -1) tell nothing of how concentrated clusters are.
    """
    counts = rows.counts * (labels >= 0)
    mean = float(own_cosines(rows, centroids, labels) @ counts) / int(counts.sum())
    return concentration(mean, rows.vectors.shape[1])


def posterior(rows: Rows, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """P(cluster | distinct row), (m, k) float32, rows sum to 1; see `soft_membership`."""
    kappa, held = pooled_concentration(rows, centroids, labels), labels >= 0
    share = np.bincount(labels[held], weights=rows.counts[held], minlength=len(centroids)) / rows.counts[held].sum()
    found = np.empty((len(rows), len(centroids)), np.float32)

    def write(at: slice) -> None:
        found[at] = posterior_at(rows.vectors[at] @ centroids.T, share, kappa)

    for _ in over_blocks(len(rows), write):
        pass
    return found


def posterior_at(cosines: np.ndarray, share: np.ndarray, kappa: float) -> np.ndarray:
    """P(cluster | vector) from the vectors' cosines to the centroids (n, k), (n, k) float64, rows sum to 1.

    Clusters have the shares (k,), which sum to 1, and one concentration.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(share) + kappa * cosines.astype(np.float64)
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def soft_membership(vectors: np.ndarray, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """P(cluster | vector) of (n, d) unit vectors for (k, d) unit centroids, (n, k) float32, rows sum to 1.

    The density of cluster c is proportional to share_c exp(kappa centroid_c . x), with the clusters' shares by `labels`
    (n,; equal vectors have equal labels, -1 is in no cluster) and one kappa for all clusters; normalised by
    log-sum-exp. For the vectors, centroids and labels of a `Clustering` whose method has no membership of its own this
    is its `membership`, bit for bit, in any order of rows.
    """
    if not len(vectors):
        return np.zeros((0, len(centroids)), np.float32)
    rows = distinct_rows(np.asarray(vectors, np.float32))
    distinct = np.empty(len(rows), np.int64)
    distinct[rows.inverse] = labels
    return posterior(rows, np.asarray(centroids, np.float32), distinct)[rows.inverse]
