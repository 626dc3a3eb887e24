"""Mini-batch k-means on the sphere: means learned from batches of users, then one pass that assigns all."""

import warnings

import numpy as np

from interest_platform.clustering.choose_k import Fit, choose_k
from interest_platform.clustering.likelihood import kmeans_bic
from interest_platform.clustering.lloyd import GAIN, nearest
from interest_platform.clustering.membership import own_cosines
from interest_platform.clustering.result import Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings

BATCH = 4_096
"""Users a step: so many that every cluster of tens gets a hundred of them."""


class MiniBatchKMeans:
    """scikit-learn's MiniBatchKMeans (Sculley 2010) on unit vectors; every row then goes to the nearest mean by cosine.

    Its means see a part of the users, so that its clusters are a little wider than those of k-means, in a fraction of
    the time. A mean that no row is nearest to is replaced by the row farthest from its own centroid.
    """

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Label the rows with the k of the settings or the k chosen, from the last window's clusters where they fit."""
        choice = choose_k(rows, settings, _fit, progress, start)
        k = min(choice.k, len(rows))
        if choice.labels is not None:
            start = rows.directions(choice.labels)
        warm = start[:k] if start is not None and len(start) >= k else None
        return Partition(
            _labels(rows, k, settings.seed, settings.n_init, warm), choice.method, choice.curve, k_chosen=choice.chosen
        )


def _fit(rows: Rows, k: int, seed: int, starts: int) -> Fit:
    labels = _labels(rows, k, seed, starts)
    return Fit(labels, kmeans_bic(rows, labels))


def _labels(rows: Rows, k: int, seed: int, starts: int, warm: np.ndarray | None = None) -> np.ndarray:
    from sklearn.cluster import MiniBatchKMeans as Means
    from sklearn.exceptions import ConvergenceWarning

    first = "k-means++" if warm is None else warm.astype(np.float32)
    model = Means(k, init=first, n_init=starts if warm is None else 1, batch_size=BATCH, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly equal rows: k comes out smaller
        means = model.fit(rows.vectors, sample_weight=rows.counts).cluster_centers_
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    labels = nearest(rows, means / np.maximum(lengths, 1e-12))
    return _every_used(rows, np.unique(labels, return_inverse=True)[1], k)


def _every_used(rows: Rows, labels: np.ndarray, k: int) -> np.ndarray:
    """Labels 0..j-1, j <= k, all used: less than k only where every row is on its centroid."""
    while (clusters := int(labels.max()) + 1) < k:
        own = own_cosines(rows, rows.directions(labels), labels)
        farthest = int(own.argmin())
        if own[farthest] >= 1 - GAIN:
            break
        labels[farthest] = clusters
    return labels
