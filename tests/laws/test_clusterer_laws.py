"""Named laws that hold for every clusterer of `CLUSTERERS`, on planted and on degenerate vectors."""

import numpy as np
import pytest

from interest_platform.clustering import CLUSTERERS, cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.errors import EncoderError, InterestError

pytestmark = pytest.mark.parametrize("method", sorted(CLUSTERERS))

FINDS_K = {"hdbscan"}
"""Methods that take no k."""

RULES = {
    "kmeans": ["split_or_knee", "split_test", "silhouette", "elbow", "gap", "bic", "stability"],
    "minibatch-kmeans": ["split_or_knee", "split_test", "silhouette", "elbow", "gap", "bic", "stability"],
    "hierarchical": ["split_or_knee", "split_test", "silhouette", "elbow", "gap", "stability"],
    "gaussian-mixture": ["split_or_knee", "split_test", "silhouette", "elbow", "gap", "bic", "stability"],
    "hdbscan": ["carried"],
}
"""The rules that a method can choose k by; hdbscan reads none, the first is the default."""


def unit(vectors):
    vectors = np.asarray(vectors, float)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def planted(seed, clusters=6, d=64, n=240, noise=0.5):
    """Unit vectors around `clusters` random directions and the cluster of each; sizes differ."""
    g = np.random.default_rng(seed)
    share = np.arange(clusters, 0, -1) + 2.0
    truth = g.choice(clusters, n, p=share / share.sum())
    return unit(unit(g.normal(size=(clusters, d)))[truth] + noise * g.normal(size=(n, d)) / np.sqrt(d)), truth


def settings(method, **chosen):
    if method in FINDS_K and chosen.get("k", "auto") != "auto":
        pytest.skip(f"{method} takes no k")
    return ClusteringSettings(method=method, **{"k": "auto", "k_range": (2, 12), **chosen})


def blocks(labels):
    """A partition without its numbers: who is with whom."""
    return {frozenset(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)}


def check(found, vectors):
    """What holds for every clustering."""
    n, held = len(vectors), found.labels >= 0
    assert found.labels.shape == (n,)
    assert found.labels.dtype == np.int32
    assert found.labels.min(initial=0) >= (-1 if found.method in FINDS_K else 0)
    assert found.centroids.shape[0] == found.k == len(np.unique(found.labels[held]))
    assert found.centroids.dtype == found.membership.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-6)
    assert found.membership.shape == (n, found.k)
    np.testing.assert_allclose(found.membership.sum(axis=1), 1, atol=1e-5)
    assert ((found.membership >= 0) & (found.membership <= 1)).all()
    np.testing.assert_array_equal(found.own[~held], 0)
    np.testing.assert_array_equal(found.own[held], found.membership[held, found.labels[held]])
    cosines = vectors @ found.centroids.T
    own = np.where(held, cosines[np.arange(n), found.labels], cosines.max(axis=1))
    np.testing.assert_allclose(found.distances, 1 - own, atol=1e-5)
    assert found.sizes.sum() == held.sum()
    assert list(found.sizes) == sorted(found.sizes, reverse=True)
    for c in range(found.k):
        mean = vectors[found.labels == c].sum(axis=0, dtype=float)
        if np.linalg.norm(mean) > 1e-3:
            np.testing.assert_allclose(found.centroids[c], mean / np.linalg.norm(mean), atol=1e-5)


def test_planted_separated_clusters_are_recovered_exactly_with_k_auto(method):
    for seed in range(5):
        vectors, truth = planted(seed)
        found = cluster(vectors, settings(method, k_range=(2, 40)))
        assert found.k == 6
        assert blocks(found.labels) == blocks(truth)
        check(found, vectors)


def test_every_rule_that_fits_the_method_is_named_and_finds_planted_clusters(method):
    vectors, truth = planted(7)
    for rule in RULES[method]:
        found = cluster(vectors, settings(method, k_rule=rule, k_range=(1, 12)))
        check(found, vectors)
        named = "split_or_knee: split" if rule == "split_or_knee" else rule
        assert found.k_method == ("density" if method in FINDS_K else named)
        assert blocks(found.labels) == blocks(truth), rule
        if rule != "carried" and not rule.startswith("split"):
            assert [p.k for p in found.curve] == list(range(2 if rule == "silhouette" else 1, 13))


def test_users_far_from_all_others_are_unassigned_where_the_method_knows_noise_and_in_a_cluster_elsewhere(method):
    vectors, truth = planted(8)
    away = -vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    strays = unit(away + 0.5 * np.random.default_rng(8).normal(size=(5, 64)) / 8)
    found = cluster(np.concatenate([vectors, strays]), settings(method, k_range=(6, 6)))
    check(found, np.concatenate([vectors, strays]))
    if method in FINDS_K:
        np.testing.assert_array_equal(found.labels[-5:], -1)
        assert blocks(found.labels[:-5]) == blocks(truth)
    else:
        assert found.labels.min() >= 0


def test_the_last_windows_clusters_as_start_change_nothing_where_clusters_are_separated(method):
    vectors, truth = planted(9)
    first = cluster(vectors, settings(method))
    again = cluster(vectors, settings(method), start=first.centroids)
    assert blocks(again.labels) == blocks(first.labels) == blocks(truth)


@pytest.mark.parametrize("reduction", ["pca", pytest.param("umap", marks=pytest.mark.slow)])
def test_fewer_dimensions_keep_separated_clusters_in_any_order_of_rows(method, reduction):
    if reduction == "umap":
        pytest.importorskip("umap")
    vectors, truth = planted(10)
    chosen = settings(method, k_range=(6, 6), reduction=reduction, dimensions=8)
    found = cluster(vectors, chosen)
    check(found, vectors)
    assert blocks(found.labels) == blocks(truth)
    order = np.random.default_rng(0).permutation(len(vectors))
    again = cluster(vectors[order], chosen, start=found.centroids)
    assert blocks(again.labels) == blocks(truth[order])
    check(cluster(vectors[:3], chosen), vectors[:3])


def test_rows_in_any_order_give_the_same_clusters_with_the_same_numbers_bit_for_bit(method):
    vectors, _ = planted(1, noise=1.5)
    base = cluster(vectors, settings(method))
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(vectors))
        again = cluster(vectors[order], settings(method))
        np.testing.assert_array_equal(again.labels, base.labels[order])
        np.testing.assert_array_equal(again.centroids, base.centroids)
        np.testing.assert_array_equal(again.membership, base.membership[order])
        np.testing.assert_array_equal(again.distances, base.distances[order])
        assert again.silhouette == base.silhouette


def test_the_same_seed_gives_the_same_result(method):
    vectors, _ = planted(2, noise=1.5)
    first, second = (cluster(vectors, settings(method, seed=7)) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.centroids, second.centroids)
    assert [p.silhouette for p in first.curve] == [p.silhouette for p in second.curve]


def test_equal_vectors_have_equal_labels_and_doubling_all_rows_changes_no_cluster(method):
    vectors, truth = planted(3)
    found = cluster(np.concatenate([vectors, vectors]), settings(method))
    np.testing.assert_array_equal(found.labels[: len(vectors)], found.labels[len(vectors) :])
    assert blocks(found.labels[: len(vectors)]) == blocks(truth)
    np.testing.assert_array_equal(found.membership[: len(vectors)], found.membership[len(vectors) :])


def test_a_rotation_of_space_changes_no_cluster_of_separated_vectors(method):
    vectors, _ = planted(4)
    base = cluster(vectors, settings(method))
    for seed in range(3):
        rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(64, 64)))[0]
        turned = cluster(unit(vectors @ rotation), settings(method))
        assert blocks(turned.labels) == blocks(base.labels)
        assert turned.silhouette == pytest.approx(base.silhouette, abs=1e-5)


@pytest.mark.parametrize("shape", [(0, 8), (0, 0), (0,)])
@pytest.mark.parametrize("k", ["auto", 3])
def test_no_rows_give_no_clusters(method, shape, k):
    found = cluster(np.zeros(shape, np.float32), settings(method, k=k))
    assert (found.k, found.silhouette, found.curve, len(found.labels)) == (0, None, (), 0)
    assert found.membership.shape == (0, 0)


@pytest.mark.parametrize("k", ["auto", 1, 3])
def test_one_row_is_one_cluster(method, k):
    vectors = unit([[3.0, 4.0]])
    found = cluster(vectors, settings(method, k=k))
    check(found, vectors)
    assert (found.k, found.silhouette, found.membership.item()) == (1, None, 1.0)
    assert found.distances.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("k", ["auto", 1, 5])
def test_equal_rows_are_one_cluster(method, k):
    vectors = np.tile(unit([1.0, 2.0, 2.0]), (20, 1))
    found = cluster(vectors, settings(method, k=k))
    check(found, vectors)
    assert found.k == 1


@pytest.mark.parametrize("k", [4, 9, 200])
def test_k_beyond_the_distinct_vectors_is_lowered_to_their_number_and_says_so(method, k):
    vectors = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 3, 0, 0]]
    found = cluster(vectors, settings(method, k=k))
    check(found, vectors)
    assert (found.k, found.k_asked) == (4, k)
    assert list(found.sizes) == [3, 2, 1, 1]


@pytest.mark.parametrize("k", [1, 2, 5, 30])
def test_a_fixed_k_is_reached_and_no_cluster_is_empty(method, k):
    vectors, _ = planted(5, n=60, noise=3)
    found = cluster(vectors, settings(method, k=k))
    check(found, vectors)
    assert (found.k, found.k_method, found.curve) == (k, "fixed", ())


@pytest.mark.parametrize("k", ["auto", 1, 2])
def test_opposed_vectors_are_clustered_without_a_nan(method, k):
    vectors = np.array([[1, 0], [-1, 0], [1, 0], [-1, 0]], np.float32)
    found = cluster(vectors, settings(method, k=k))
    check(found, vectors)
    assert np.isfinite(found.centroids).all()


def test_nearly_equal_vectors_end_in_clusters_that_are_all_used(method):
    g = np.random.default_rng(0)
    vectors = unit(np.ones(8) + 1e-7 * g.normal(size=(50, 8)))
    check(cluster(vectors, settings(method, k=10)), vectors)
    check(cluster(vectors, settings(method)), vectors)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused_in_one_line(method, wrong):
    vectors, _ = planted(6, n=20)
    vectors[3, 5] = wrong
    with pytest.raises(EncoderError, match=r"^1 of 20 vectors hold NaN or infinity \(first: row 3\)") as told:
        cluster(vectors, settings(method))
    assert "\n" not in str(told.value)


def test_vectors_that_are_not_unit_are_refused_in_one_line(method):
    vectors, _ = planted(6, n=20)
    vectors[[4, 9]] *= 2
    with pytest.raises(EncoderError, match=r"^2 of 20 vectors are not of unit length \(row 4: 2\)") as told:
        cluster(vectors, settings(method))
    assert "\n" not in str(told.value)


def test_an_array_that_is_no_matrix_is_refused(method):
    with pytest.raises(InterestError, match=r"\(n, d\) array"):
        cluster(np.ones(5, np.float32), settings(method))
