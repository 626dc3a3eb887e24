"""The default rule: the split test's clusters, or those at the knee where modes run into each other."""

import numpy as np
import pytest

from interest_platform.clustering import choose_k, cluster
from interest_platform.clustering.gap import plain_rows
from interest_platform.clustering.marked import cloud, markedness
from interest_platform.clustering.rows import distinct_rows
from interest_platform.clustering.silhouette import cosine_silhouette
from interest_platform.configuration import ClusteringSettings

SETTINGS = ClusteringSettings(k_range=(1, 16), n_init=3)


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def overlapping(seed=0, n=600, groups=8, d=48):
    """Users who are mostly about one thing and a little about others, so that no cut shows two modes."""
    rng = np.random.default_rng(seed)
    about = rng.dirichlet([0.2] * groups, n) @ unit(rng.normal(size=(groups, d)))
    return unit(about + 0.8 * rng.normal(size=(n, d)) / np.sqrt(d))


def one_cloud(seed=0, n=600, d=48):
    rng = np.random.default_rng(seed)
    return unit(np.eye(1, d) + rng.normal(size=(n, d)) * np.geomspace(0.3, 0.02, d))


def test_the_cloud_has_the_rows_mean_and_covariance():
    rows = plain_rows(np.random.default_rng(1).normal(size=(1500, 4)) * [0.1, 0.2, 0.3, 0.4] + [3, 0, 0, 0])
    beside = cloud(rows, 0)
    assert beside.vectors.mean(axis=0) == pytest.approx(rows.vectors.mean(axis=0), abs=0.01)
    assert np.cov(beside.vectors.T) == pytest.approx(np.cov(rows.vectors.T), abs=2e-3)


def test_markedness_divides_the_silhouettes_and_is_one_for_a_single_cluster():
    corners = plain_rows(np.repeat(np.eye(4), 3, axis=0) + 1e-3 * np.arange(12)[:, None])
    own = np.repeat(np.arange(4), 3)
    pairs = np.minimum(own, 2)
    quotient = cosine_silhouette(corners, own) / cosine_silhouette(corners, pairs)
    assert markedness(corners, own, corners, pairs) == pytest.approx(quotient)
    assert markedness(corners, np.zeros(12, int), corners, pairs) == 1.0


def test_one_long_cloud_stays_one_cluster():
    found = cluster(one_cloud(), SETTINGS)
    assert (found.k, found.k_method) == (1, "split_or_knee: split")


def test_groups_that_show_no_two_modes_are_found_at_the_knee():
    vectors = overlapping()
    assert cluster(vectors, SETTINGS.model_copy(update={"k_rule": "split_test"})).k == 1
    found = cluster(vectors, SETTINGS)
    assert found.k_method == "split_or_knee: knee"
    assert 6 <= found.k <= 10
    assert found.k_chosen == found.k


def test_groups_at_the_knee_stay_as_many_in_the_next_window():
    first = cluster(overlapping(), SETTINGS)
    start = np.concatenate([first.centroids, first.centroids])
    for seed in range(1, 4):
        again = overlapping()[np.random.default_rng(seed).permutation(600)[:540]]
        found = cluster(again, SETTINGS, start=start)
        assert (found.k, found.k_method) == (first.k, "split_or_knee: last")


@pytest.mark.parametrize(("last", "method"), [(9, "last"), (3, "split")])
def test_much_finer_clusters_of_the_last_window_stay_while_as_marked_whatever_else_would_be_enough(
    monkeypatch, last, method
):
    monkeypatch.setattr(choose_k, "PLAIN", 1.0)
    monkeypatch.setattr(choose_k, "STILL", 100.0)
    rng = np.random.default_rng(5)
    away = unit(2 * unit(rng.normal(size=(1, 48))) + 0.6 * rng.normal(size=(150, 48)) / np.sqrt(48))
    vectors = np.concatenate([overlapping(), away])
    assert cluster(vectors, SETTINGS.model_copy(update={"k_rule": "split_test"})).k == 2
    centroids = cluster(vectors, SETTINGS.model_copy(update={"k": last})).centroids
    found = cluster(vectors, SETTINGS, start=np.concatenate([centroids, centroids]))
    assert found.k_method == f"split_or_knee: {method}"


def test_fewer_users_than_tell_are_left_to_the_split_test():
    vectors = overlapping()[::8]
    assert len(distinct_rows(vectors)) < 100
    assert cluster(vectors, SETTINGS).k_method == "split_or_knee: split"
