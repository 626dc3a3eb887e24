"""Named laws that hold for every clusterer of `CLUSTERERS`, on planted and on degenerate vectors."""

import numpy as np
import pytest

from interest_platform.clustering import CLUSTERERS, cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.errors import EncoderError, InterestError

pytestmark = pytest.mark.parametrize("method", sorted(CLUSTERERS))


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
    return ClusteringSettings(method=method, **{"k": "auto", "k_range": (2, 12), **chosen})


def blocks(labels):
    """A partition without its numbers: who is with whom."""
    return {frozenset(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)}


def check(found, vectors):
    """What holds for every clustering."""
    n = len(vectors)
    assert found.labels.shape == (n,)
    assert found.labels.dtype == np.int32
    assert found.centroids.shape[0] == found.k == len(np.unique(found.labels))
    assert found.centroids.dtype == found.membership.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-6)
    assert found.membership.shape == (n, found.k)
    np.testing.assert_allclose(found.membership.sum(axis=1), 1, atol=1e-5)
    assert ((found.membership >= 0) & (found.membership <= 1)).all()
    own = (vectors * found.centroids[found.labels]).sum(axis=1)
    np.testing.assert_allclose(found.distances, 1 - own, atol=1e-5)
    assert found.sizes.sum() == n
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
