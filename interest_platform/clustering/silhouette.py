"""The mean silhouette of a partition of unit vectors under cosine distance, exactly and without a distance matrix."""

import numpy as np

from interest_platform.clustering.rows import Rows
from interest_platform.numerics.blocks import doubled, over_blocks


def cosine_silhouette(rows: Rows, labels: np.ndarray) -> float | None:
    """Mean of (b - a) / max(a, b) over the users' rows (Rousseeuw 1987), None unless 2 <= k <= n - 1.

    a is the mean cosine distance to the others of the own cluster, b the smallest mean distance to another cluster; a
    row alone in its cluster scores 0. The mean cosine distance of a unit vector x to a cluster C is 1 - x.S/|C| with S
    the sum of C, so all of them take one (m, d) by (d, k) product: O(m k d) where the distance matrix takes O(m^2 d).
    """
    sizes = rows.sizes(labels).astype(np.float64)
    if not 2 <= len(sizes) < rows.total:
        return None
    sums = rows.sums(labels).T

    def summed(at: slice) -> float:
        vectors = doubled(rows.vectors[at])
        return float(_scores(vectors @ sums, vectors, labels[at], sizes) @ rows.counts[at])

    return sum(over_blocks(len(rows), summed)) / rows.total


def _scores(dots: np.ndarray, vectors: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Each row's silhouette, from its dot products with the clusters' sums, (m, k)."""
    at = np.arange(len(labels))
    own = sizes[labels]
    itself = np.einsum("ij,ij->i", vectors, vectors)
    within = 1 - (dots[at, labels] - itself) / np.maximum(own - 1, 1)
    between = 1 - dots / sizes
    between[at, labels] = np.inf
    nearest = between.min(axis=1)
    larger = np.maximum(np.maximum(within, nearest), np.finfo(np.float64).tiny)
    return np.where(own > 1, (nearest - within) / larger, 0.0)
