import numpy as np
import polars as pl
import pytest
from passages import axes, passage, told

from interest_platform.dynamics.items import _profiles, _root_variances, items, squared_steps
from interest_platform.dynamics.sightings import items_of
from interest_platform.dynamics.tracker import transition

SAME = [(i, i) for i in range(4)]


def counted(*shares, users=200, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.multinomial(users, s) for s in shares]).astype(float)


def topics(m=40, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(m, 0.3), 5)


def given(before, after, flows=None):
    flows = np.zeros((len(before), len(after))) if flows is None else flows
    ends = axes(*range(len(before))), axes(*range(10, 10 + len(after)))
    return passage(*ends, flows, comparable=False, items=(before, after))


def test_profiles_are_square_roots_of_shares():
    found = _profiles(np.array([[9.0, 16, 0], [0, 0, 0]]))
    np.testing.assert_allclose(found.centroids, [[0.6, 0.8, 0], [0, 0, 0]])
    np.testing.assert_allclose(found.sizes, [25, 0])


def test_the_variance_of_the_square_root_of_a_count():
    # mean 1: 1 - (sum of sqrt(x) / x! / e)^2 = 1 - .77320^2; large means: 1/4
    found = _root_variances()
    assert found[0] == 0
    assert found[1] == pytest.approx(1 - 0.77320**2, abs=1e-4)
    assert found[-1] == pytest.approx(0.25, abs=0.01)


def test_two_samples_of_the_same_shares_are_apart_by_their_sampling_errors():
    steps = [
        squared_steps(_profiles(counted(*topics(), seed=s)), _profiles(counted(*topics(), seed=100 + s)), [(0, 0)])[0]
        for s in range(60)
    ]
    raw = _profiles(counted(*topics(), seed=1)).errors[0] * 2
    assert abs(np.mean(steps)) < 0.35 * raw


def test_the_same_items_are_evidence_and_others_are_against():
    shares = topics()
    found = items(given(counted(*shares, seed=1), counted(*shares, seed=2)), SAME).survive()
    assert (np.diag(found) > 1).all()
    assert (found[~np.eye(5, dtype=bool)] < 0).all()


def test_items_that_are_all_new_say_nothing():
    rng = np.random.default_rng(3)
    early, late = np.zeros((5, 80)), np.zeros((5, 80))
    early[:, :40], late[:, 40:] = rng.integers(0, 9, (5, 40)), rng.integers(0, 9, (5, 40))
    found = items(given(early, late), SAME).survive()
    assert np.ptp(found) < 0.1


def test_a_mixture_of_items_is_a_split_and_a_merge():
    shares = topics()
    mixed = [(shares[0] + shares[1]) / 2, *shares[2:]]
    found = items(given(counted(*mixed, seed=1), counted(*shares, seed=2)), [(1, 2), (2, 3), (3, 4)])
    assert found.splits(0, [(0, 1)])[0] > 1
    assert found.splits(0, [(2, 3)])[0] < 0
    back = items(given(counted(*shares, seed=2), counted(*mixed, seed=1)), [(2, 1), (3, 2), (4, 3)])
    assert back.merges([(0, 1)], 0)[0] > 1


def test_no_items_and_few_survivors_are_no_evidence():
    some = counted(*topics())
    assert items(passage(axes(0, 1), axes(0, 1), np.zeros((2, 2))), SAME) is None
    assert items(given(some, some), SAME[:2]) is None


def test_a_cluster_without_items_is_judged_by_the_rest():
    some = counted(*topics())
    some[4] = 0
    found = items(given(some, some), SAME)
    assert (found.survive()[4] == 0).all()
    assert found.splits(4, [(0, 1)])[0] == found.splits(0, [(1, 4)])[0] == found.merges([(3, 4)], 0)[0] == 0


def test_items_decide_where_members_are_few_and_encoders_differ():
    # members link four clusters; of the fifth's users hardly anyone is back, but it is about the same items
    shares = topics()
    flows = np.diag([8.0, 8, 8, 8, 1])
    blind = given(counted(*shares, seed=1), counted(*shares, seed=2), flows)
    assert ("survive", (4,), (4,)) in told(transition(blind))
    other = np.random.default_rng(9).dirichlet(np.full(40, 0.3))
    changed = given(counted(*shares, seed=1), counted(*shares[:4], other, seed=2), flows)
    assert ("survive", (4,), (4,)) not in told(transition(changed))


def test_a_user_counts_once_an_item():
    members = pl.DataFrame({"user_key": ["a", "b", "b"], "cluster_id": [0, 0, 1], "weight": [1.0, 0.25, 0.75]})
    texts = pl.DataFrame({"user_key": ["a", "a", "b", "c", "a"], "item_id": ["x", "x", "x", "x", None]})
    assert items_of(members, texts).rows() == [(0, "x", 1.25), (1, "x", 0.75)]
    assert items_of(members, texts.with_columns(item_id=pl.lit(None, pl.String))) is None
