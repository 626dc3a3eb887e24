"""BIC of a k-means partition: the likelihood of equal round clusters against the parameters they take."""

import numpy as np

from interest_platform.clustering.rows import Rows


def kmeans_bic(rows: Rows, labels: np.ndarray) -> float | None:
    """-2 log-likelihood + p log n of Gaussian clusters with one variance in every direction; lower is better.

    x-means' formula (Pelleg and Moore 2000): variance W / (d (n - k)) with W the squared distances to the means,
    p = (k - 1) + k d + 1. None where there is no variance to estimate (as many clusters as users, or all equal).
    """
    n, d = rows.total, rows.vectors.shape[1]
    sizes = rows.sizes(labels).astype(np.float64)
    k = len(sizes)
    squares = float(np.einsum("ij,ij,i->", rows.vectors, rows.vectors, rows.counts, dtype=np.float64))
    within = squares - float((np.linalg.norm(rows.sums(labels), axis=1) ** 2 / sizes).sum())
    if n <= k or within <= 1e-9 * n:
        return None
    variance = within / (d * (n - k))
    log_likelihood = float(sizes @ np.log(sizes / n)) - n * d / 2 * np.log(2 * np.pi * variance) - d * (n - k) / 2
    return float(-2 * log_likelihood + (k + k * d) * np.log(n))
