"""A mixture of Gaussians over unit vectors: memberships are its responsibilities, and it has a likelihood."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from interest_platform.clustering.choose_k import Fit, choose_k
from interest_platform.clustering.kmeans import kmeans_labels
from interest_platform.clustering.result import Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture as Model

SHRINKAGE = 0.1
"""Share of the mean variance within clusters that is added to every variance: a cluster of a few users has none of its
own in most directions, and the likelihood would grow without bound."""

FLOOR = 1e-6
"""Least variance added: equal rows have none at all."""


class GaussianMixture:
    """scikit-learn's expectation-maximisation (Dempster, Laird and Rubin 1977) from k-means, on unit vectors.

    Covariances are diagonal (each cluster's own) or tied (one full matrix): a full one a cluster has more numbers than
    most clusters have users. A row's label is its most likely component; one that is no row's drops out.
    """

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Label the rows with the k of the settings or the k chosen, from the last window's clusters where they fit."""

        def fit(some: Rows, k: int, seed: int, starts: int) -> Fit:
            model, users = _fitted(some, kmeans_labels(some, k, seed, starts), settings.covariance, seed)
            return Fit(_told(model, some)[0], float(model.bic(users)))

        choice = choose_k(rows, settings, fit, progress, start)
        first = choice.labels
        if first is None:
            first = kmeans_labels(rows, min(choice.k, len(rows)), settings.seed, settings.n_init)
        model, _ = _fitted(rows, first, settings.covariance, settings.seed)
        labels, membership = _told(model, rows)
        return Partition(labels, choice.method, choice.curve, membership, k_chosen=choice.chosen)


def _fitted(rows: Rows, labels: np.ndarray, covariance: str, seed: int) -> tuple["Model", np.ndarray]:
    """The mixture that begins with a component a label, and the users' rows it was fitted to."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture as Model

    users = rows.vectors[rows.repeated].astype(np.float64)
    weights, means, precisions, spread = _beginning(users, labels[rows.repeated], covariance)
    model = Model(
        len(weights),
        covariance_type=covariance,
        reg_covar=spread,
        weights_init=weights,
        means_init=means,
        precisions_init=precisions,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 100 steps are enough: labels have long settled
        return model.fit(users) if len(users) > 1 else _alone(model, users), users


def _beginning(
    users: np.ndarray, labels: np.ndarray, covariance: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Weights (k,), means (k, d), precisions ((k, d) or (d, d)), and what is added to every variance."""
    sizes = np.bincount(labels).astype(np.float64)
    order = np.argsort(labels, kind="stable")
    ends = np.concatenate([[0], np.cumsum(sizes.astype(int))[:-1]])
    means = np.add.reduceat(users[order], ends, axis=0) / sizes[:, None]
    apart = users - means[labels]
    spread = max(SHRINKAGE * float((apart**2).mean()), FLOOR)
    if covariance == "tied":
        within = apart.T @ apart / len(users)
        return sizes / sizes.sum(), means, np.linalg.inv(within + spread * np.eye(len(within))), spread
    variances = np.add.reduceat(apart[order] ** 2, ends, axis=0) / sizes[:, None]
    return sizes / sizes.sum(), means, 1 / (variances + spread), spread


def _alone(model: "Model", users: np.ndarray) -> "Model":
    """scikit-learn refuses one row; two equal ones are the same mixture."""
    return model.fit(np.repeat(users, 2, axis=0))


def _told(model: "Model", rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Labels of the distinct rows, each used, and their memberships in these, (m, j)."""
    likely = model.predict_proba(rows.vectors.astype(np.float64))
    used, labels = np.unique(likely.argmax(axis=1), return_inverse=True)
    kept = likely[:, used]
    return labels, kept / kept.sum(axis=1, keepdims=True)
