"""How marked clusters are: their silhouette beside that of a cloud of the same covariance without clusters."""

import numpy as np

from interest_platform.clustering.gap import plain_rows
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.silhouette import cosine_silhouette

FAINT = 1e-3
"""Least silhouette of the cloud that is divided by: below it the quotient says nothing."""


def cloud(rows: Rows, seed: int) -> Rows:
    """As many Gaussian vectors as users' rows, of the rows' mean and covariance, scaled to length 1.

    Drawn as random mixes of the rows, G (x - mean) / sqrt(n) + mean with G standard normal: no d x d matrix is needed.
    O(n^2 d).
    """
    vectors = rows.vectors[rows.repeated].astype(np.float64)
    mean, n = vectors.mean(axis=0), len(vectors)
    mixes = np.random.default_rng(seed).standard_normal((n, n)) / np.sqrt(n)
    return plain_rows(mixes @ (vectors - mean) + mean)


def markedness(rows: Rows, labels: np.ndarray, of_cloud: Rows, cloud_labels: np.ndarray) -> float:
    """Mean silhouette of the rows' clusters over that of the cloud's, which are as many; 1 for a single cluster.

    A long cloud is cut into parts with a silhouette well above 0, and so would a population without groups be. What
    the rows have beyond it is told by the quotient: about 1 or less where they are one cloud (SigClust, Liu, Hayes,
    Nobel and Marron 2008, compares 2-means with the same cloud).
    """
    if labels.max() < 1:
        return 1.0
    own, without = cosine_silhouette(rows, labels), cosine_silhouette(of_cloud, cloud_labels)
    return 0.0 if own is None else own / max(without or 0.0, FAINT)
