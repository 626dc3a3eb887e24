import numpy as np
import pytest
from passages import axes, passage
from scipy.stats import betabinom

from interest_platform.dynamics.members import ALIKE, Members, _as_others, _beta_binomial


def members(flows, leaving=0.1):
    flows = np.asarray(flows, float)
    return Members(passage(axes(*range(len(flows))), axes(*range(len(flows[0]))), flows), leaving)


def test_the_background_is_where_anyone_goes():
    # 30 + .5 and 10 + .5 of 41
    np.testing.assert_allclose(members([[20, 0], [10, 10]]).background, [30.5 / 41, 10.5 / 41])


def test_users_who_stay_together_are_evidence_and_users_who_scatter_are_none():
    kept = members([[45, 5, 0], [0, 50, 0], [0, 0, 50]])
    assert kept.to(0, [(0,)])[0] > 10
    scattered = members([[17, 16, 17], [16, 17, 17], [17, 17, 16]])
    assert scattered.to(0, [(0,)])[0] < 0


def test_nobody_who_returns_is_no_evidence():
    assert members(np.zeros((2, 2))).to(0, [(1,)])[0] == pytest.approx(0, abs=1e-9)


def test_going_to_one_child_by_hand():
    # one share l of leavers: the sum over users of log((1 - l) / q + l) inside and log l outside, averaged over l
    from interest_platform.dynamics.members import LEAVING, _beta_weights

    found = members([[8, 2], [0, 10]], leaving=0.2)
    q, weights = found.background[0], _beta_weights(LEAVING, 0.2)
    by_hand = ((((1 - LEAVING) / q + LEAVING) ** 8 * LEAVING**2) * weights).sum()
    assert found.to(0, [(0,)])[0] == pytest.approx(np.log(by_hand))


def test_a_split_is_two_children_that_share_the_parent():
    found = members([[25, 25, 0, 0], [0, 0, 50, 0], [0, 0, 0, 50]])
    assert found.to(0, [(0, 1)])[0] > found.to(0, [(0,)])[0] + 5
    assert found.to(0, [(0, 1)])[0] > found.to(0, [(0, 2)])[0] + 5


def test_a_few_movers_are_no_part_of_a_split():
    found = members([[48, 2, 0], [0, 50, 0], [0, 0, 50]])
    assert found.to(0, [(0,)])[0] > found.to(0, [(0, 1)])[0]


def test_the_beta_binomial_is_scipys_up_to_its_coefficient():
    counts, sizes = np.array([0.0, 3, 10]), np.array([10.0, 10, 10])
    ours = _beta_binomial(counts, sizes, 2.0, 5.0)
    theirs = betabinom.logpmf(counts, 10, 2, 5) - np.log([1, 120, 1])
    np.testing.assert_allclose(ours, theirs)


def test_a_segment_from_which_nobody_returns_is_unlike_the_others():
    found = _as_others(np.array([90.0, 91, 89, 90, 0]), np.full(5, 100.0))
    assert (found[:4] > 0).all()
    assert found[4] < -20


def test_where_hardly_anyone_returns_nobody_is_unlike_the_others():
    found = _as_others(np.array([5.0, 6, 4, 5, 0]), np.full(5, 100.0))
    assert found[4] > -4
    assert max(ALIKE) == 300


def test_no_segments_have_no_rates():
    assert _as_others(np.zeros(0), np.zeros(0)).shape == (0,)
