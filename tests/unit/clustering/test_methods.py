"""What single clusterers promise beyond the laws that hold for all: memberships, noise, curves, refusals."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from sklearn.cluster import HDBSCAN
from sklearn.mixture import GaussianMixture

from interest_platform import configuration
from interest_platform.clustering import broken_cluster_laws, cluster, curve_frame, tree_frame, unassigned_share
from interest_platform.clustering.rows import distinct_rows
from interest_platform.clustering.snapshot import cluster_members
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.clustering_tables import CLUSTER_TREES, K_CURVES
from interest_platform.domain.windows import Grain, WindowGrid


def planted(seed, noise=0.4, d=16, n=120, strays=0):
    g = np.random.default_rng(seed)
    vectors = np.eye(3, d)[np.arange(n) % 3] + noise * g.normal(size=(n, d)) / np.sqrt(d)
    away = -np.ones(d) + 0.5 * g.normal(size=(strays, d))
    vectors = np.concatenate([vectors, away])
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_hdbscans_labels_and_strengths_are_scikit_learns():
    vectors = distinct_rows(planted(0, noise=0.8, strays=6)).vectors  # in canonical order: ties fall as there
    found = cluster(vectors, ClusteringSettings(method="hdbscan", min_cluster_size=8))
    theirs = HDBSCAN(8, copy=True).fit(vectors.astype(float))
    assert (found.labels == -1).sum() == (theirs.labels_ == -1).sum() > 0
    np.testing.assert_array_equal(found.labels == -1, theirs.labels_ == -1)
    pairs = set(zip(found.labels.tolist(), theirs.labels_.tolist(), strict=True))
    assert len(pairs) == found.k + 1
    # the own cluster's membership is at least the strength
    held = found.labels >= 0
    assert (found.own[held] >= theirs.probabilities_[held] - 1e-6).all()


def test_a_larger_least_size_leaves_no_smaller_cluster():
    vectors = planted(1, n=150)
    assert cluster(vectors, ClusteringSettings(method="hdbscan", min_cluster_size=40)).sizes.min() >= 40
    assert cluster(vectors, ClusteringSettings(method="hdbscan", min_cluster_size=80)).k == 1


def test_unassigned_users_stay_members_and_sizes_and_shares_still_add_up():
    vectors = planted(2, strays=6)
    keys = [f"u{i:03d}" for i in range(len(vectors))]
    interests = pl.DataFrame({"user_key": keys}).with_columns(interest_no=pl.lit(0, pl.Int32))
    found = cluster(vectors, ClusteringSettings(method="hdbscan"))
    members = cluster_members(interests, found)
    assert unassigned_share(members) == pytest.approx(6 / 126)
    assert members.filter(pl.col("cluster_id") == -1)["membership"].to_list() == [0.0] * 6
    np.testing.assert_allclose(members["memberships"].list.sum().to_numpy(), 1, atol=1e-5)
    clusters = pl.DataFrame({"cluster_id": range(found.k), "size": found.sizes, "share": found.sizes / 126}).cast(
        {"cluster_id": pl.Int32}
    )
    assert broken_cluster_laws(interests, clusters, members) == []
    moved = members.with_columns(cluster_id=pl.lit(0, pl.Int32))
    assert len(broken_cluster_laws(interests, clusters, moved)) == 2


def test_the_mixtures_memberships_are_its_responsibilities():
    vectors = planted(3, noise=1.0)
    found = cluster(vectors, ClusteringSettings(method="gaussian-mixture", k=3))
    model = GaussianMixture(3, covariance_type="diag", random_state=0, n_init=3).fit(vectors.astype(float))
    theirs = model.predict_proba(vectors.astype(float))
    order = [int(np.abs(model.means_ - c).sum(axis=1).argmin()) for c in found.centroids]
    assert sorted(order) == [0, 1, 2]
    # ours adds a tenth of the variance to every variance
    assert np.abs(found.membership - theirs[:, order]).mean() < 0.05
    assert found.own_membership


@pytest.mark.parametrize("covariance", ["diag", "tied"])
def test_bic_finds_the_number_of_planted_gaussians(covariance):
    settings = ClusteringSettings(method="gaussian-mixture", k_rule="bic", k_range=(1, 6), covariance=covariance)
    found = cluster(planted(4, n=240, d=8), settings)
    assert (found.k, found.k_method) == (3, "bic")
    assert all(point.bic is not None for point in found.curve)


def test_mini_batch_k_means_is_no_more_than_a_tenth_wider_than_k_means():
    vectors = planted(5, noise=2.0, n=600)
    wide, narrow = (cluster(vectors, ClusteringSettings(method=m, k=8)) for m in ("minibatch-kmeans", "kmeans"))
    assert narrow.distances.sum() <= wide.distances.sum() * 1.001
    assert wide.distances.sum() <= narrow.distances.sum() * 1.1


def test_the_curves_frame_fits_its_table_and_marks_the_chosen_k():
    window = WindowGrid(Grain.WEEK, *_weeks()).first
    found = cluster(planted(6), ClusteringSettings(k_rule="stability", k_range=(1, 5)))
    frame = K_CURVES.conform(curve_frame(found), window.start)
    K_CURVES.check(frame, window.start)
    assert frame.filter("chosen")["k"].to_list() == [found.k] == [3]
    assert frame["rule"].unique().to_list() == ["stability"]
    assert frame["gap"].null_count() == 5
    assert frame["strength"].null_count() == 0


@pytest.mark.parametrize("method", ["kmeans", "hierarchical", "hdbscan"])
def test_frames_of_a_fixed_or_empty_clustering_fit_their_tables(method):
    window = WindowGrid(Grain.WEEK, *_weeks()).first
    for vectors in (planted(7), planted(7)[:0]):
        k = "auto" if method == "hdbscan" else 3
        found = cluster(vectors, ClusteringSettings(method=method, k=k))
        for table, frame in ((K_CURVES, curve_frame(found)), (CLUSTER_TREES, tree_frame(found))):
            told = table.conform(frame, window.start)
            table.check(told, window.start)
            assert bool(told.height) == (table is CLUSTER_TREES and method == "hierarchical" and len(vectors) > 0)


def _weeks():
    from datetime import date

    return date(2024, 1, 1), date(2024, 1, 15)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"method": "hdbscan", "k": 5}, "hdbscan finds how many clusters there are: leave out k: 5"),
        ({"method": "hdbscan", "k_rule": "elbow"}, "leave out k_rule: elbow"),
        ({"method": "hierarchical", "k_rule": "bic"}, "k_rule bic needs a likelihood"),
        ({"min_cluster_size": 5}, "min_cluster_size is read by method hdbscan alone: leave it out with kmeans"),
        ({"covariance": "tied"}, "covariance is read by method gaussian-mixture alone"),
        ({"dimensions": 5}, "dimensions needs a reduction"),
    ],
)
def test_what_does_not_fit_the_method_is_refused_in_one_line(wrong, told):
    with pytest.raises(ValidationError) as refused:
        ClusteringSettings(**wrong)
    (error,) = refused.value.errors()
    assert told in error["msg"]
    assert "\n" not in error["msg"]


def test_umap_without_the_extra_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr(configuration, "find_spec", lambda name: None)
    with pytest.raises(ValidationError, match=r"pip install 'interest-platform\[umap\]'"):
        ClusteringSettings(reduction="umap")


@pytest.mark.parametrize("method", ["kmeans", "minibatch-kmeans", "hierarchical", "hdbscan", "gaussian-mixture"])
def test_the_method_is_the_one_key_to_change_and_settings_survive_as_json(method):
    settings = ClusteringSettings(method=method, k="auto", k_range=(4, 16))
    assert ClusteringSettings.model_validate_json(settings.model_dump_json()) == settings
