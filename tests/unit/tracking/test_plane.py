"""Where users and labels lie in the picture."""

import numpy as np
import pytest

from interest_platform.tracking.plane import centres, drawn, principal_plane, spread


def _three_clusters(seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], 40)
    return (np.eye(3, 8)[labels] * 5 + rng.normal(size=(120, 8))).astype(np.float32), labels


def test_the_plane_of_three_separate_clusters_keeps_their_centres_apart():
    vectors, labels = _three_clusters()
    points, shares = principal_plane(vectors, labels)
    full = np.array([vectors[labels == i].mean(axis=0) for i in range(3)])
    flat = centres(points, labels, np.arange(3))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        # three centres lie in a plane: their distances are kept exactly
        assert np.linalg.norm(flat[a] - flat[b]) == pytest.approx(np.linalg.norm(full[a] - full[b]), rel=1e-5)
    assert 0 < shares[1] <= shares[0] < sum(shares) < 1


def test_one_cluster_is_shown_by_its_own_principal_components():
    rng = np.random.default_rng(1)
    vectors = (rng.normal(size=(200, 4)) * [9, 5, 1, 0.1]).astype(np.float32)
    points, shares = principal_plane(vectors, np.zeros(200, int))
    covariance = np.cov(vectors.T.astype(float), bias=True)
    expected = np.sort(np.linalg.eigvalsh(covariance))[::-1][:2]
    np.testing.assert_allclose(points.var(axis=0), expected, rtol=1e-6)
    np.testing.assert_allclose(shares, expected / np.trace(covariance), rtol=1e-6)


def test_two_clusters_get_a_second_axis_from_within():
    labels = np.array([0, 0, 1, 1])
    vectors = np.array([[0, 1, 0], [0, -1, 0], [4, 1, 0], [4, -1, 0]], np.float32)
    points, shares = principal_plane(vectors, labels)
    np.testing.assert_allclose(points, [[-2, 1], [-2, -1], [2, 1], [2, -1]], atol=1e-12)
    np.testing.assert_allclose(shares, [0.8, 0.2])


def test_an_axis_points_to_its_largest_loading():
    labels = np.array([0, 0, 1, 1])
    vectors = -np.array([[0, 1, 0], [0, -1, 0], [4, 1, 0], [4, -1, 0]], np.float32)
    points, _ = principal_plane(vectors, labels)
    np.testing.assert_allclose(points, [[2, -1], [2, 1], [-2, -1], [-2, 1]], atol=1e-12)


@pytest.mark.parametrize("users", [1, 2, 5])
def test_equal_users_lie_on_one_point(users):
    points, shares = principal_plane(np.ones((users, 6), np.float32), np.zeros(users, int))
    assert points.shape == (users, 2)
    np.testing.assert_allclose(points, 0)
    assert shares == (0.0, 0.0)


def test_few_dimensions_leave_the_second_axis_empty():
    points, _ = principal_plane(np.array([[1.0], [3.0]], np.float32), np.array([0, 1]))
    np.testing.assert_allclose(points, [[-1, 0], [1, 0]])


def test_the_same_users_are_drawn_in_whatever_order_they_come():
    vectors, labels = _three_clusters()
    shuffled = np.random.default_rng(5).permutation(len(labels))
    first = vectors[drawn(vectors, labels, 30, seed=7)]
    again = vectors[shuffled][drawn(vectors[shuffled], labels[shuffled], 30, seed=7)]
    np.testing.assert_array_equal(first, again)
    assert len(first) == 30
    assert not np.array_equal(first, vectors[drawn(vectors, labels, 30, seed=8)])


def test_everybody_is_drawn_where_there_is_room():
    vectors, labels = _three_clusters()
    assert sorted(drawn(vectors, labels, 120, seed=0)) == list(range(120))


@pytest.mark.parametrize("labels", [2, 12, 40])
def test_labels_of_one_place_come_apart_and_stay_inside(labels):
    places = spread(np.full((labels, 2), 400.0), (26, 26), (860, 750))
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(labels) * 1e9
    assert gaps.min() > 22
    assert ((places >= 13) & (places <= [847, 737])).all()


def test_labels_apart_stay_where_they_are():
    anchors = np.array([[100.0, 100], [500, 300]])
    np.testing.assert_allclose(spread(anchors, (26, 26), (860, 750)), anchors, atol=0.1)


def test_no_label_has_no_place():
    assert spread(np.zeros((0, 2)), (26, 26), (860, 750)).shape == (0, 2)
