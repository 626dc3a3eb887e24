"""Spherical k-means: k-means++ starts, then assignment by cosine until nothing moves."""

import numpy as np

from interest_platform.clustering.choose_k import Fit, choose_k
from interest_platform.clustering.likelihood import kmeans_bic
from interest_platform.clustering.lloyd import GAIN, settle
from interest_platform.clustering.membership import own_cosines
from interest_platform.clustering.plus_plus import plus_plus
from interest_platform.clustering.result import Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings

WORTH_MOVING = 0.01
"""How much better, in the sum of cosines, fresh clusters have to be before those of the last window are given up."""

SAMPLE = 16_384
"""Rows that the starts see at most."""

SAMPLE_EACH = 256
"""Rows a cluster that they see at least: so that one of a few hundredths of the mean size is still seen."""


class SphericalKMeans:
    """k-means on the unit sphere (Dhillon and Modha 2001): every row has the label of the nearest centroid by cosine.

    Starts are by k-means++ (Arthur and Vassilvitskii 2007), the best of `n_init` by the sum of cosines. A cluster that
    loses all members is given the row farthest from its centroid; where no row is away from its centroid, k is smaller
    than asked.
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
    warm = spherical_steps(rows, settle(rows, start=start[:k]), k)
    return warm if _cosines(rows, warm) >= _cosines(rows, fresh) * (1 - WORTH_MOVING) else fresh


def _cosines(rows: Rows, labels: np.ndarray) -> float:
    return float(np.linalg.norm(rows.sums(labels), axis=1).sum())


def kmeans_labels(rows: Rows, k: int, seed: int, starts: int) -> np.ndarray:
    """Labels (m,) of the best of several starts with k clusters, all used.

    Of many rows the starts see a sample, whose best clusters all rows then begin from.
    """
    size = max(SAMPLE, SAMPLE_EACH * k)
    if len(rows) <= size:
        return spherical_steps(rows, _best_of(rows, k, seed, starts), k)
    drawn = rows.sample(size, seed)
    start = drawn.directions(kmeans_labels(drawn, min(k, len(drawn)), seed, starts))
    return spherical_steps(rows, settle(rows, start=start), k)


def _best_of(rows: Rows, k: int, seed: int, starts: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    settled = [settle(rows, start=plus_plus(rows, k, rng)) for _ in range(starts)]
    return max(settled, key=lambda labels: _cosines(rows, labels))


def spherical_steps(rows: Rows, labels: np.ndarray, k: int) -> np.ndarray:
    """Labels 0..j-1, j <= k, all used, each the argmax of cosine to the centroids of the labels themselves.

    Every step and every refilled cluster raises the sum of cosines, so this ends; ties stay where they are.
    """
    while True:
        labels = settle(rows, labels)
        clusters = int(labels.max()) + 1
        if clusters >= k:
            return labels
        own = own_cosines(rows, rows.directions(labels), labels)
        farthest = int(own.argmin())
        if own[farthest] >= 1 - GAIN:
            return labels
        labels[farthest] = clusters
