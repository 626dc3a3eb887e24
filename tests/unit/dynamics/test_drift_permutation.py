"""The null of no change: what an exchange keeps, exact p-values, and how often it is rejected where it holds."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from interest_platform.dynamics.drift.distances import signs
from interest_platform.dynamics.drift.permutation import ENOUGH, permutation_tests
from interest_platform.dynamics.drift.pool import Pool, pool_of, pooled


def _pool(before, after) -> Pool:
    return pool_of(pooled(pl.DataFrame({"user_key": before}), pl.DataFrame({"user_key": after})))


def test_units_are_sorted_by_user_and_the_reference_comes_first():
    pool = _pool(["c", "a"], ["b", "a", "d"])
    assert pool.user.tolist() == [0, 0, 1, 2, 3]
    assert pool.before.tolist() == [True, False, False, True, False]
    assert (pool.n_before, pool.n_after) == (2, 3)


def test_an_exchange_keeps_sizes_and_swaps_returning_users_within_themselves():
    pool = _pool(["a", "b", "c", "d"], ["c", "d", "e", "f", "g"])
    labels = pool.draw(np.random.default_rng(0), 4_000)
    assert (labels.sum(axis=1) == 4).all()
    for first in (2, 4):  # units of c and of d
        assert (labels[:, first] != labels[:, first + 1]).all()
        assert labels[:, first].mean() == pytest.approx(0.5, abs=0.04)
    alone = labels[:, [0, 1, 6, 7, 8]]
    assert alone.mean(axis=0) == pytest.approx(np.full(5, 0.4), abs=0.04)
    assert len(np.unique(alone, axis=0)) == 10


def test_a_sample_takes_users_whole():
    pool = _pool([f"{i:03}" for i in range(100)], [f"{i:03}" for i in range(60, 200)])
    units = pool.sample(70, np.random.default_rng(3))
    taken = pool.take(units)
    assert len(np.unique(taken.user)) == 100
    kept = set(pool.user[units])
    assert all((pool.user == user).sum() == (pool.user[units] == user).sum() for user in kept)
    assert len(pool.sample(140, np.random.default_rng(3))) == len(pool.user)


def test_the_p_value_is_that_of_all_exchanges():
    values = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0])
    pool = Pool(np.arange(8), np.arange(8) < 4)

    def apart(labels):
        return np.abs(signs(labels).astype(float) @ values)

    every = [np.isin(np.arange(8), chosen) for chosen in combinations(range(8), 4)]
    exact = np.mean(apart(np.array(every)) >= apart(pool.before[None]) - 1e-6)
    found = permutation_tests({"apart": apart}, pool, 20_000, (0,))["apart"]
    assert found.p_value == pytest.approx(exact, rel=0.5)
    assert found.draws < 20_000
    assert found.statistic == pytest.approx(apart(pool.before[None])[0])


def test_a_plainly_null_result_takes_few_draws_and_a_sure_one_all():
    pool = Pool(np.arange(40), np.arange(40) < 20)
    sure = np.where(pool.before, 0.0, 100.0) + np.linspace(0, 1, 40)

    def apart(values):
        return lambda labels: np.abs(signs(labels).astype(float) @ values)

    tests = permutation_tests({"sure": apart(sure), "equal": apart(np.zeros(40))}, pool, 999, (1,))
    assert (tests["sure"].p_value, tests["sure"].draws) == (0.001, 999)
    assert (tests["equal"].p_value, tests["equal"].draws) == (1.0, 100)
    assert tests["equal"].excess() == 0 and ENOUGH < 100


def test_without_users_on_a_side_there_is_nothing_to_test():
    assert (
        permutation_tests({"x": lambda labels: labels.sum(axis=1)}, Pool(np.arange(2), np.ones(2, bool)), 99, (0,))
        == {}
    )
