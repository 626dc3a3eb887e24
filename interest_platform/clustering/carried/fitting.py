"""Spherical k-means for a few thousand rows: seeded starts, steps, and going from one number of clusters to another."""

import numpy as np

STEPS = 12
CUT_ROWS = 10
"""Rows that a cluster has at least to be cut in two."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; a row of zeros stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def sums(rows: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """The sum of the rows of each label 0..k-1, (k, d)."""
    told = np.zeros((len(rows), k), rows.dtype)
    told[np.arange(len(rows)), labels] = 1
    return told.T @ rows


def steps(rows: np.ndarray, centroids: np.ndarray, most: int) -> np.ndarray:
    """The centroids after at most so many steps: each row to the nearest by cosine, each centroid to their mean.

    A centroid without rows stays where it is.
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


def spherical_kmeans(rows: np.ndarray, k: int, seed: int, starts: int = 2) -> np.ndarray:
    """The best (k, d) centroids of some starts by greedy k-means++ (three candidates each), by the sum of cosines."""
    best, found = -np.inf, None
    for start in range(starts):
        rng = np.random.default_rng((seed, start))
        chosen = [rows[rng.integers(len(rows))]]
        far = 1 - rows @ chosen[0]
        for _ in range(k - 1):
            odds = np.maximum(far, 1e-9)
            tried = rng.choice(len(rows), 3, p=odds / odds.sum())
            left = np.minimum(far[:, None], 1 - rows @ rows[tried].T)
            pick = int(left.sum(axis=0).argmin())
            chosen.append(rows[tried[pick]])
            far = left[:, pick]
        centroids = steps(rows, unit(np.array(chosen)), STEPS)
        if (value := cosines(rows, centroids)) > best:
            best, found = value, centroids
    assert found is not None
    return found


def cosines(rows: np.ndarray, centroids: np.ndarray) -> float:
    """Sum of the rows' cosines to their nearest centroids."""
    return float((rows @ centroids.T).max(axis=1).sum())


def moved_to(rows: np.ndarray, centroids: np.ndarray, k: int) -> np.ndarray:
    """k centroids as near to the given ones as can be: the widest clusters cut, or the nearest joined, then steps.

    Fresh k-means where nothing can be cut.
    """
    while len(centroids) < k:
        labels, best, cut = (rows @ centroids.T).argmax(axis=1), 0.0, None
        for cluster in range(len(centroids)):
            own = rows[labels == cluster]
            if len(own) < CUT_ROWS:
                continue
            parts = spherical_kmeans(own, 2, 0)
            gain = cosines(own, parts) - float(np.linalg.norm(own.sum(axis=0)))
            if gain > best:
                best, cut = gain, (cluster, parts)
        if cut is None:
            return spherical_kmeans(rows, min(k, len(rows)), 0, 4)
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
