"""HDBSCAN: clusters where users are dense, and users in none."""

import numpy as np

from interest_platform.clustering.membership import posterior
from interest_platform.clustering.result import Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings


class Hdbscan:
    """scikit-learn's HDBSCAN (Campello, Moulavi and Sander 2013) by distances of unit vectors, which order as cosines.

    It finds how many clusters there are, of at least `min_cluster_size` users, by excess of mass; users outside all of
    them are unassigned (-1). Users with equal vectors count each. Where no two clusters show, all users are one.
    O(n^2) time.
    """

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Label the rows; no start changes what is dense.

        A row's membership is its strength p in its own cluster, and for the rest, 1 - p, the posterior that follows
        from the centroids; an unassigned row has p = 0.
        """
        labels, strength = _dense(rows, settings.min_cluster_size)
        clusters = int(labels.max()) + 1
        held = labels >= 0
        centroids = rows.where(held).directions(labels[held])
        membership = posterior(rows, centroids, labels).astype(np.float64) * (1 - strength)[:, None]
        membership[held, labels[held]] += strength[held]
        return Partition(labels, "density", membership=membership if clusters > 1 else np.ones((len(rows), 1)))


def _dense(rows: Rows, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of the distinct rows, -1 in none, and how strongly each is in its cluster, 0..1."""
    from sklearn.cluster import HDBSCAN

    everyone = np.zeros(len(rows), np.int64), np.ones(len(rows))
    if rows.total < 2 * least:
        return everyone
    users = rows.repeated
    model = HDBSCAN(least, n_jobs=1, copy=True).fit(rows.vectors[users].astype(np.float64))
    if model.labels_.max() < 0:
        return everyone
    first = np.searchsorted(users, np.arange(len(rows)))
    labels, strength = model.labels_[first], np.clip(np.nan_to_num(model.probabilities_[first]), 0, 1)
    held = labels >= 0
    labels[held] = np.unique(labels[held], return_inverse=True)[1]
    return labels.astype(np.int64), np.where(held, strength, 0.0)
