import numpy as np
import pytest
from passages import D, axes, between, clusters, passage, unit

from interest_platform.dynamics.geometry import chords, cosines_of, geometry, mixes


def test_chords_by_hand():
    # a right angle: sqrt 2; opposite: 2; itself: 0
    found = chords(np.array([[1.0, 0]]), np.array([[0.0, 1], [-1, 0], [1, 0]]))
    np.testing.assert_allclose(found, [[np.sqrt(2), 2, 0]], atol=1e-9)


def test_the_middle_of_two_lies_on_their_arc():
    distances = cosines_of(between(0, 1)[None], axes(0, 1)).arc_distances(0, [(0, 1)])[0]
    assert distances.min() == pytest.approx(0, abs=1e-7)
    np.testing.assert_allclose(mixes(2)[distances.argmin()], [0.5, 0.5])


def test_the_distance_to_an_arc_by_hand():
    # a third axis is at a right angle to every point between two others
    np.testing.assert_allclose(cosines_of(axes(2), axes(0, 1)).arc_distances(0, [(0, 1)])[0], np.sqrt(2))


@pytest.mark.parametrize("parts", [2, 3])
def test_mixes_are_shares_of_which_none_is_small(parts):
    weights = mixes(parts)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() >= 0.15 - 1e-9
    assert weights.shape[1] == parts
    assert {tuple(w) for w in weights.round(9)} == {tuple(w[::-1]) for w in weights.round(9)}


def test_sampling_errors_are_the_variance_of_a_mean_direction():
    # resultant length .8: (1 - .64) / (.64 n) = .5625 / n; cohesion 1 has none
    found = clusters(axes(0, 1), sizes=[100, 25])
    np.testing.assert_allclose(found.errors, [0.005625, 0.0225])
    assert clusters(axes(0), cohesion=1.0).errors == pytest.approx(0)


def test_the_error_is_what_samples_show():
    # users around one direction: mean squared distance of the centroid of 200 to the true one
    rng = np.random.default_rng(0)
    users = unit(axes(0)[0] + 0.15 * rng.standard_normal((40, 200, D)))
    means = users.mean(axis=1)
    steps = ((unit(means) - axes(0)) ** 2).sum(axis=1)
    cohesion = np.linalg.norm(means, axis=1).mean()
    assert steps.mean() == pytest.approx(clusters(axes(0), sizes=[200], cohesion=cohesion).errors[0], rel=0.15)


def near(step, *numbers):
    return unit(axes(*numbers) + step * axes(*(n + 10 for n in numbers)))


def test_what_has_moved_little_is_the_same_and_what_is_elsewhere_is_not():
    space = geometry(passage(axes(0, 1, 2, 3), near(0.05, 0, 1, 2, 3), np.zeros((4, 4))), 0.1)
    found = space.survive()
    assert (np.diag(found) > 3).all()
    assert (found[~np.eye(4, dtype=bool)] < -3).all()
    assert found.min() >= np.log(0.003) - 1e-9


def test_a_split_and_a_merge_lie_between():
    parent = np.vstack([between(0, 1), axes(2, 3, 4)])
    children = axes(0, 1, 2, 3, 4)
    space = geometry(passage(parent, children, np.zeros((4, 5))), 0.1)
    assert space.splits(0, [(0, 1)])[0] > 3
    assert space.splits(0, [(2, 3)])[0] < 0
    back = geometry(passage(children, parent, np.zeros((5, 4))), 0.1)
    assert back.merges([(0, 1)], 0)[0] == pytest.approx(space.splits(0, [(0, 1)])[0])
    assert back.merges([(2, 3)], 0)[0] < 0


def test_a_death_is_no_merge_of_little_weight():
    # the survivor stands where it stood: at the end of the arc, not between
    space = geometry(passage(axes(0, 1, 2, 3), axes(0, 2, 3), np.zeros((4, 3))), 0.1)
    assert space.merges([(0, 1)], 0)[0] < space.survive()[0, 0] - 3


def test_three_parts_have_a_middle():
    space = geometry(passage(np.vstack([between(0, 1, 2), axes(3, 4)]), axes(0, 1, 2, 3, 4), np.zeros((3, 5))), 0.1)
    assert space.splits(0, [(0, 1, 2)])[0] > 3


def test_vectors_of_two_encoders_say_nothing():
    told = passage(axes(0, 1), np.eye(8)[:2], np.zeros((2, 2)), comparable=False)
    space = geometry(told, 0.1)
    assert (space.survive() == 0).all()
    assert space.splits(0, [(0, 1)])[0] == space.merges([(0, 1)], 0)[0] == 0


def test_a_turned_space_says_the_same():
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((D, D)))[0]
    before, after = axes(0, 1, 2, 3), near(0.2, 0, 1, 2, 3)
    one = geometry(passage(before, after, np.zeros((4, 4))), 0.1).survive()
    other = geometry(passage(before @ turn, after @ turn, np.zeros((4, 4))), 0.1).survive()
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_one_cluster_in_each_window_is_compared_with_a_right_angle():
    assert geometry(passage(axes(0), near(0.05, 0), [[0]]), 0.1).survive()[0, 0] > 3
    assert geometry(passage(axes(0), axes(1), [[0]]), 0.1).survive()[0, 0] < -3
