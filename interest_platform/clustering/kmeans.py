"""Spherical k-means: k-means++ starts by scikit-learn, then assignment by cosine until nothing moves."""

import warnings
from itertools import count

import numpy as np

from interest_platform.clustering.choose_k import Fit, choose_k
from interest_platform.clustering.likelihood import kmeans_bic
from interest_platform.clustering.result import Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings

GAIN = 1e-6
"""Least gain in cosine that counts: float32 rounding of a cosine stays below it."""

WORTH_MOVING = 0.01
"""How much better, in the sum of cosines, fresh clusters have to be before those of the last window are given up."""

EXACT_STEPS = 100
"""Steps before moves must gain more than GAIN, which ends cycles among ties."""


class SphericalKMeans:
    """k-means on the unit sphere (Dhillon and Modha 2001): every row has the label of the nearest centroid by cosine.

    Starts are scikit-learn's (k-means++, Arthur and Vassilvitskii 2007; the best of `n_init` by inertia). On unit
    vectors squared Euclidean distance is 2 (1 - cosine), so they differ from the sphere only in that their means are
    not unit; a few spherical steps make up for it. A cluster that loses all members is given the row farthest from
    its centroid; where no row is away from its centroid, k is smaller than asked.
    """

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Label the rows with the k of the settings, at most the number of distinct vectors, or the k chosen."""
        choice = choose_k(rows, settings, _fit, progress, start)
        if choice.method == "fixed":
            return Partition(_fixed(rows, settings, choice.k, start), choice.method)
        labels = choice.labels
        if labels is None:
            labels = kmeans_labels(rows, min(choice.k, len(rows)), settings.seed, settings.n_init)
        return Partition(labels, choice.method, choice.curve, k_chosen=choice.chosen)


def _fit(rows: Rows, k: int, seed: int, starts: int) -> Fit:
    labels = kmeans_labels(rows, k, seed, starts)
    return Fit(labels, kmeans_bic(rows, labels))


def _fixed(rows: Rows, settings: ClusteringSettings, k: int, start: np.ndarray | None) -> np.ndarray:
    """From the start (the last window's k clusters first) unless fresh starts are clearly better."""
    fresh = kmeans_labels(rows, k, settings.seed, settings.n_init)
    if start is None or len(start) < k:
        return fresh
    warm = spherical_steps(rows, (rows.vectors @ start[:k].T.astype(np.float32)).argmax(axis=1), k)
    return warm if _cosines(rows, warm) >= _cosines(rows, fresh) * (1 - WORTH_MOVING) else fresh


def _cosines(rows: Rows, labels: np.ndarray) -> float:
    return float(np.linalg.norm(rows.sums(labels), axis=1).sum())


def kmeans_labels(rows: Rows, k: int, seed: int, starts: int) -> np.ndarray:
    """Labels (m,) of the best of several starts with k clusters, all used."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    model = KMeans(k, n_init=starts, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly equal rows: the steps below settle what is left
        labels = model.fit(rows.vectors, sample_weight=rows.counts).labels_
    return spherical_steps(rows, labels, k)


def spherical_steps(rows: Rows, labels: np.ndarray, k: int) -> np.ndarray:
    """Labels 0..j-1, j <= k, all used, each the argmax of cosine to the centroids of the labels themselves.

    Every step and every refilled cluster raises the sum of cosines, so this ends; ties stay where they are.
    """
    while True:
        labels, own = _settled(rows, labels)
        clusters = int(labels.max()) + 1
        farthest = int(own.argmin())
        if clusters >= k or own[farthest] >= 1 - GAIN:
            return labels
        labels[farthest] = clusters


def _settled(rows: Rows, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd steps by cosine until no label changes: labels without gaps, and the cosine to the own centroid."""
    at = np.arange(len(rows))
    for step in count():
        labels = np.unique(labels, return_inverse=True)[1]
        cosines = rows.vectors @ rows.directions(labels).T
        own = cosines[at, labels]
        moved = cosines.max(axis=1) > own + (0 if step < EXACT_STEPS else GAIN)
        if not moved.any():
            break
        labels = np.where(moved, cosines.argmax(axis=1), labels)
    return labels, own
