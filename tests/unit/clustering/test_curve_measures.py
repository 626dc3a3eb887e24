"""What the curve over k measures: BIC, gap, prediction strength, each by hand or by scikit-learn."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from interest_platform.clustering.gap import REFERENCES, gap, references
from interest_platform.clustering.likelihood import kmeans_bic
from interest_platform.clustering.rows import distinct_rows
from interest_platform.clustering.stability import SPLITS, halves, prediction_strength, stability


def sphere(n, d, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_bic_of_k_means_by_hand():
    # (1,0) and (0,1) in one cluster, (-1,0) and (0,-1) in the other: means (.5,.5) and (-.5,-.5), every row .5 away in
    # square: W = 2; variance 2 / (2 (4 - 2)) = .5
    rows = distinct_rows(np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32))
    labels = (rows.vectors.sum(axis=1) < 0).astype(int)
    log_likelihood = 4 * np.log(0.5) - 4 * np.log(2 * np.pi * 0.5) - 2
    assert kmeans_bic(rows, labels) == pytest.approx(-2 * log_likelihood + (1 + 4 + 1) * np.log(4))


def test_the_bic_of_one_cluster_is_that_of_a_spherical_gaussian():
    vectors = sphere(200, 5, 0)
    oracle = GaussianMixture(1, covariance_type="spherical", reg_covar=0).fit(vectors.astype(float))
    # ours estimates the variance with n - k in the denominator, scikit-learn's with n
    assert kmeans_bic(distinct_rows(vectors), np.zeros(200, int)) == pytest.approx(oracle.bic(vectors), rel=1e-3)


def test_the_bic_counts_users_not_distinct_vectors():
    vectors = sphere(30, 4, 1)
    doubled = np.concatenate([vectors, vectors])
    one, two = distinct_rows(vectors), distinct_rows(doubled)
    labels = np.arange(30) % 3
    variance_and_more = kmeans_bic(two, labels)
    assert variance_and_more == pytest.approx(2 * kmeans_bic(one, labels), rel=0.1)
    assert variance_and_more != kmeans_bic(one, labels)


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0, 0]])
def test_no_variance_has_no_bic(labels):
    same = (
        distinct_rows(np.eye(3, dtype=np.float32))
        if len(set(labels)) == 3
        else distinct_rows(np.tile(np.eye(1, 3, dtype=np.float32), (5, 1)))
    )
    assert kmeans_bic(same, np.array(labels)[: len(same)]) is None


def test_the_gap_and_its_error_by_hand():
    # log W* are 1 and 3: mean 2, deviation 1; log W is 0
    value, error = gap(1.0, [np.e, np.e**3])
    assert (value, error) == pytest.approx((2.0, np.sqrt(1.5)))


def test_references_are_unit_vectors_in_the_reach_of_the_rows_and_follow_the_seed():
    # rows in a cone around one direction: vectors without clusters lie there too, not all over the sphere
    vectors = sphere(300, 4, 2) * 0.2 + np.array([1, 0, 0, 0])
    rows = distinct_rows((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    drawn = references(rows, 0)
    assert len(drawn) == REFERENCES
    for each in drawn:
        np.testing.assert_allclose(np.linalg.norm(each.vectors, axis=1), 1, atol=1e-6)
        assert each.total == 300
        assert each.vectors[:, 0].min() > 0.8
    np.testing.assert_array_equal(references(rows, 0)[3].vectors, drawn[3].vectors)
    assert not np.array_equal(references(rows, 1)[3].vectors, drawn[3].vectors)


def test_prediction_strength_is_that_of_the_weakest_cluster_by_hand():
    # of {0,1,2}: one pair of three together; of {3,4}: its one pair; of {5}: no pair
    labels, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([4, 4, 5, 6, 6, 6])
    assert prediction_strength(labels, predicted) == pytest.approx(1 / 3)


def test_clusters_without_a_pair_have_no_strength():
    assert prediction_strength(np.arange(4), np.zeros(4, int)) == 0


def test_halves_hold_every_user_once_and_are_drawn_anew():
    rows = distinct_rows(np.repeat(sphere(10, 3, 3), 3, axis=0))
    pairs = halves(rows, 0)
    assert len(pairs) == SPLITS
    for one, other in pairs:
        assert one.total == other.total == 15
        sums = one.sums(np.zeros(len(one), int)) + other.sums(np.zeros(len(other), int))
        np.testing.assert_allclose(sums, rows.sums(np.zeros(len(rows), int)), atol=1e-5)
    assert not np.array_equal(pairs[0][0].vectors, pairs[1][0].vectors)


def test_separated_clusters_come_again_and_a_cut_through_one_does_not():
    g = np.random.default_rng(4)
    centres = np.eye(3, 8)[np.arange(150) % 3]
    vectors = centres + 0.1 * g.normal(size=(150, 8))
    rows = distinct_rows((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    pairs = halves(rows, 0)
    true = stability(pairs, lambda half: half.vectors[:, :3].argmax(axis=1))
    assert (true.rand, true.strength, true.strength_error) == (1.0, 1.0, 0.0)
    by_chance = stability(pairs, lambda half: np.random.default_rng(len(half)).integers(2, size=len(half)))
    assert by_chance.rand < 0.2
    assert by_chance.strength < 0.7
