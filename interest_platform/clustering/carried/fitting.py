"""Centroids of the pooled users: steps from where they were, fresh ones, and the way to another number of them."""

import numpy as np

from interest_platform.clustering.kmeans import kmeans_labels
from interest_platform.clustering.rows import distinct_rows
from interest_platform.numerics.unit import unit

STEPS = 12

STARTS = 6
"""Starts of fresh centroids. With one, the agreement of users' halves measures the luck of the start as much: on six
streams of Chinese reviews ours had .98 of the better rival's AMI with one, 1.11 with six."""

CUT_ROWS = 10
"""Rows that a cluster has at least to be cut in two."""


def sums(rows: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """The sum of the rows of each label 0..k-1, (k, d)."""
    told = np.zeros((len(rows), k), rows.dtype)
    told[np.arange(len(rows)), labels] = 1
    return told.T @ rows


def steps(rows: np.ndarray, centroids: np.ndarray, most: int) -> np.ndarray:
    """The centroids after at most so many steps: each row to the nearest by cosine, each centroid to their mean.

    Unlike in `clustering.lloyd`, a centroid without rows stays where it is: nobody of it has written, it is not gone.
    """
    centroids, last = centroids.astype(rows.dtype), None
    for _ in range(most):
        labels = (rows @ centroids.T).argmax(axis=1)
        if last is not None and np.array_equal(labels, last):
            break
        last = labels
        total = sums(rows, labels, len(centroids))
        empty = np.linalg.norm(total, axis=1) < 1e-6
        total[empty] = centroids[empty]
        centroids = unit(total)
    return centroids


def fresh(rows: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Centroids (j, d) of k clusters by the platform's k-means from `STARTS` starts, j <= k where rows are alike."""
    distinct = distinct_rows(np.ascontiguousarray(rows, np.float32))
    return distinct.directions(kmeans_labels(distinct, min(k, len(distinct)), seed, STARTS))


def cosines(rows: np.ndarray, centroids: np.ndarray) -> float:
    """Sum of the rows' cosines to their nearest centroids."""
    return float((rows @ centroids.T).max(axis=1).sum())


def moved_to(rows: np.ndarray, centroids: np.ndarray, k: int) -> np.ndarray:
    """k centroids as near to the given ones as can be: the widest clusters cut, or the nearest joined, then steps.

    Fresh ones where one is to become several, and where nothing can be cut.
    """
    if len(centroids) == 1 and k > 1:
        return fresh(rows, k, 0)
    while len(centroids) < k:
        labels, best, cut = (rows @ centroids.T).argmax(axis=1), 0.0, None
        for cluster in range(len(centroids)):
            own = rows[labels == cluster]
            if len(own) < CUT_ROWS:
                continue
            parts = fresh(own, 2, 0)
            gain = cosines(own, parts) - float(np.linalg.norm(own.sum(axis=0)))
            if gain > best:
                best, cut = gain, (cluster, parts)
        if cut is None:
            return fresh(rows, k, 0)
        centroids = np.vstack([np.delete(centroids, cut[0], 0), cut[1]])
    while len(centroids) > k:
        total = sums(rows, (rows @ centroids.T).argmax(axis=1), len(centroids))
        length = np.linalg.norm(total, axis=1)
        cost = length[:, None] + length - np.linalg.norm(total[:, None] + total, axis=2)
        np.fill_diagonal(cost, np.inf)
        one, other = np.unravel_index(cost.argmin(), cost.shape)
        joined = unit(total[one] + total[other])
        centroids = np.vstack([np.delete(centroids, [one, other], 0), joined])
    return steps(rows, centroids, STEPS)
