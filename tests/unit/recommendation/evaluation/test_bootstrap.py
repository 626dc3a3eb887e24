"""Intervals over users: by hand, by laws, and by how often they hold the truth."""

import numpy as np
import pytest

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.bootstrap import mean_interval, mean_intervals


def clustered(users, seed, windows=4, mean=0.1):
    """Values of users that are judged in 1..windows windows and differ more from each other than within."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, windows + 1, users)
    own = rng.normal(mean, 0.3, users)
    whose = np.repeat(np.arange(users), rows)
    return own[whose] + rng.normal(0, 0.1, len(whose)), whose


def test_the_value_is_the_mean_over_rows():
    found = mean_interval(np.array([1.0, 2, 3, 10]), ["a", "a", "a", "b"])
    assert (found.value, found.n_users, found.n_rows) == (4, 2, 4)
    # draws of two users: aa 2, ab 4, bb 10
    assert (found.low, found.high) == (2, 10)


def test_the_interval_is_that_of_all_draws_enumerated():
    """Three users, 27 equally likely draws: the quantiles of the exact distribution."""
    values = {"a": [0.0], "b": [1.0, 3.0], "c": [5.0]}
    flat = np.array([v for own in values.values() for v in own])
    whose = [user for user, own in values.items() for _ in own]
    draws = [np.mean([v for user in (x, y, z) for v in values[user]]) for x in values for y in values for z in values]
    found = mean_interval(flat, whose, draws=20_000, level=0.6)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.2, 0.8])))


def test_the_same_seed_gives_the_same_and_the_order_of_rows_does_not_matter():
    values, whose = clustered(50, seed=0)
    order = np.random.default_rng(1).permutation(len(values))
    first, again, other = (
        mean_interval(values, whose),
        mean_interval(values, whose),
        mean_interval(values[order], whose[order]),
    )
    assert first == again
    assert (first.low, first.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert mean_interval(values, whose, seed=1) != first


def test_columns_are_drawn_together():
    values, whose = clustered(40, seed=0)
    one, shifted = mean_intervals(np.stack([values, values + 1], axis=1), whose)
    assert (shifted.low - one.low, shifted.high - one.high) == pytest.approx((1, 1))


def test_rows_of_one_user_are_not_so_many_users():
    """A user's row copied nine times tells no more; an interval over rows would shrink to a third."""
    values, whose = clustered(60, seed=0, windows=1)
    once, often = mean_interval(values, whose), mean_interval(np.repeat(values, 9), np.repeat(whose, 9))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_the_interval_holds_the_mean_as_often_as_it_says():
    held = narrow = 0
    for seed in range(300):
        values, whose = clustered(80, seed)
        over_users = mean_interval(values, whose, seed, draws=400)
        over_rows = mean_interval(values, np.arange(len(values)), seed, draws=400)
        held += over_users.low <= 0.1 <= over_users.high
        narrow += over_rows.low <= 0.1 <= over_rows.high
    # of 300 at 95 %: 285, standard deviation 3.8
    assert 270 <= held <= 298
    assert narrow < 260


def test_of_one_user_or_none_nothing_is_known():
    one, none = mean_interval(np.array([0.5, 0.7]), ["a", "a"]), mean_interval(np.array([]), np.array([], dtype=object))
    assert one.value == pytest.approx(0.6)
    assert np.isnan([one.low, one.high, none.value, none.low, none.high]).all()
    assert (none.n_users, none.n_rows) == (0, 0)


def test_equal_values_have_no_width():
    found = mean_interval(np.full(20, 0.25), np.arange(20))
    assert (found.low, found.high) == pytest.approx((0.25, 0.25))


def test_what_is_no_number_is_refused():
    with pytest.raises(ContractError, match="1 values of 2 are no numbers"):
        mean_interval(np.array([0.5, np.nan]), ["a", "b"])
    with pytest.raises(ContractError, match="level 95"):
        mean_interval(np.array([0.5]), ["a"], level=95)
