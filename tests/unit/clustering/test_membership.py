import numpy as np
import pytest

from interest_platform.clustering import cluster, concentration, soft_membership
from interest_platform.configuration import ClusteringSettings


def on_circle(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_the_concentration_by_hand():
    assert concentration(0.5, 3) == pytest.approx(0.5 * 2.75 / 0.75)
    assert concentration(0.0, 3) == 0.0
    assert np.isfinite(concentration(1.0, 384))


def test_the_concentration_of_a_known_distribution_is_estimated():
    from scipy.stats import vonmises_fisher

    drawn = vonmises_fisher(np.eye(20)[0], 50.0).rvs(20_000, random_state=np.random.default_rng(0))
    assert concentration(float(np.linalg.norm(drawn.mean(axis=0))), 20) == pytest.approx(50, rel=0.02)


def test_the_posterior_is_that_of_a_mixture_of_scipys_densities():
    from scipy.stats import vonmises_fisher

    vectors = on_circle(0, 20, 40, 100, 120)
    found = cluster(vectors, ClusteringSettings(k=2))
    density = np.stack(
        [vonmises_fisher(c / np.linalg.norm(c), found.kappa).pdf(vectors) for c in found.centroids.astype(float)],
        axis=1,
    )
    weighted = density * found.sizes / 5
    np.testing.assert_allclose(found.membership, weighted / weighted.sum(axis=1, keepdims=True), atol=1e-5)


def test_a_vector_between_two_equal_clusters_belongs_to_both():
    vectors, centroids = on_circle(0, 90, 45, 45), on_circle(0, 90)
    # equal vectors share a label, so the shares are 1/4 and 3/4 and the tie is broken by them alone
    found = soft_membership(vectors, centroids, np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(found[2], [0.25, 0.75], atol=1e-6)


def test_opposed_members_of_one_cluster_have_no_concentration_and_belong_by_share():
    found = cluster(on_circle(0, 180), ClusteringSettings(k=1))
    assert found.kappa == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(found.membership, 1)


def test_it_is_the_clusterings_membership_bit_for_bit_in_any_order():
    g = np.random.default_rng(0)
    vectors = g.normal(size=(200, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found = cluster(vectors, ClusteringSettings(k=5))
    order = g.permutation(200)
    again = soft_membership(vectors[order], found.centroids, found.labels[order])
    np.testing.assert_array_equal(again, found.membership[order])


def test_no_vectors_have_no_membership():
    assert soft_membership(np.zeros((0, 4)), np.eye(4), np.zeros(0, int)).shape == (0, 4)
