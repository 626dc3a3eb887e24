from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.off_policy import (
    Logged,
    doubly_robust,
    effective_size,
    inverse_propensity,
    self_normalised,
)
from interest_platform.recommendation.experiment.simulate import (
    World,
    ab_test,
    chosen,
    logged,
    replayed,
    softmax_policy,
)
from interest_platform.recommendation.interactions import Interactions

LOG = Logged(np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.25, 0.5]), np.array([0.25, 0.5, 1.0]))
"""Weights 1/2, 2, 2."""
END = datetime(2026, 1, 1)


def world() -> World:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 60, 800), np.minimum(rng.geometric(0.15, 800), 30)
    frame = pl.DataFrame({"user_key": users.astype(str), "item_id": items.astype(str)})
    return replayed(Interactions.of(frame.with_columns(ts=pl.lit(END - timedelta(days=1))), END))


WORLD = world()
RUNNING = softmax_policy(WORLD.clicks, 0.3, explore=0.3)
TARGET = softmax_policy(WORLD.clicks, 0.08)


def test_estimates_are_worked_out_by_hand():
    # w r = .5, 0, 2; sum w = 4.5
    found = inverse_propensity(LOG)
    assert found.value == pytest.approx(2.5 / 3)
    assert found.se == pytest.approx(np.std([0.5, 0, 2], ddof=1) / 3**0.5)
    assert self_normalised(LOG).value == pytest.approx(2.5 / 4.5)
    # terms .4 + .5 (1 - .6), .4 + 2 (0 - .3), .4 + 2 (1 - .5)
    found = doubly_robust(LOG, np.array([0.6, 0.3, 0.5]), np.full(3, 0.4))
    assert found.value == pytest.approx((0.6 - 0.2 + 1.4) / 3)
    assert inverse_propensity(LOG, clip=1.0).value == pytest.approx((0.5 + 0 + 1) / 3)
    assert effective_size(LOG.weights()) == pytest.approx(4.5**2 / 8.25)


def test_the_standard_error_of_the_ratio_is_the_jackknifes():
    log = logged(WORLD, RUNNING, TARGET, 300, np.random.default_rng(7))[0]
    without = [
        self_normalised(Logged(log.rewards[rest], log.propensities[rest], log.target[rest], log.users[rest])).value
        for rest in (log.users != user for user in np.unique(log.users))
    ]
    # distances from the estimate itself: sqrt(sum (v_-u - v)^2), up to the factor of few users
    jackknife = np.sqrt(((np.array(without) - self_normalised(log).value) ** 2).sum())
    assert self_normalised(log).se == pytest.approx(jackknife, rel=0.02)


def test_the_policy_that_ran_is_estimated_by_its_plain_mean():
    same = Logged(LOG.rewards, LOG.propensities, LOG.propensities)
    assert inverse_propensity(same).value == self_normalised(same).value == pytest.approx(2 / 3)
    assert effective_size(same.weights()) == 3


def test_only_the_self_normalised_estimate_moves_with_a_constant_added_to_the_rewards():
    more = Logged(LOG.rewards + 10, LOG.propensities, LOG.target)
    assert self_normalised(more).value == pytest.approx(self_normalised(LOG).value + 10)
    assert inverse_propensity(more).value != pytest.approx(inverse_propensity(LOG).value + 10)


def test_rows_of_one_user_are_no_more_evidence_than_their_sum():
    twice = [np.repeat(each, 2) for each in (LOG.rewards, LOG.propensities, LOG.target)]
    known = inverse_propensity(Logged(*twice, users=np.repeat(np.arange(3), 2)))
    assert known.se == pytest.approx(inverse_propensity(LOG).se) and known.df == 2
    assert inverse_propensity(Logged(*twice)).se < known.se


def test_a_perfect_model_needs_no_weights_and_right_weights_need_no_model():
    rng = np.random.default_rng(1)
    log, rows, items = logged(WORLD, RUNNING, TARGET, 30_000, rng)
    truth = WORLD.value(TARGET).mean()
    wrong = Logged(log.rewards, np.full(len(rows), 0.5), log.target, rows)
    by_model = doubly_robust(wrong, WORLD.clicks[rows, items], WORLD.value(TARGET)[rows])
    by_weights = doubly_robust(log, np.full(len(rows), 0.9), np.full(len(rows), 0.9))
    for found in (by_model, by_weights):
        assert abs(found.value - truth) < 4 * found.se
    assert abs(inverse_propensity(wrong).value - truth) > 10 * inverse_propensity(wrong).se


@pytest.mark.parametrize("method", ["ips", "snips", "dr"])
def test_intervals_cover(method):
    rng, truth, hits, runs = np.random.default_rng(2), WORLD.value(TARGET).mean(), 0, 600
    mean = WORLD.clicks.mean(axis=0)
    for _ in range(runs):
        log, rows, items = logged(WORLD, RUNNING, TARGET, 1500, rng)
        log = Logged(log.rewards, log.propensities, log.target)
        found = {
            "ips": lambda g=log: inverse_propensity(g),
            "snips": lambda g=log: self_normalised(g),
            "dr": lambda g=log, r=rows, i=items: doubly_robust(g, mean[i], (TARGET @ mean)[r]),
        }[method]()
        low, high = found.interval()
        hits += low <= truth <= high
    assert hits / runs == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / runs) ** 0.5)


def test_the_model_saves_variance():
    log, rows, items = logged(WORLD, RUNNING, TARGET, 5000, np.random.default_rng(3))
    assert doubly_robust(log, WORLD.clicks[rows, items], WORLD.value(TARGET)[rows]).se < inverse_propensity(log).se


def test_the_world_is_the_windows():
    assert WORLD.clicks.min() > 0.02 and WORLD.clicks.max() == pytest.approx(0.5)
    assert np.argmax(WORLD.clicks.mean(axis=0)) < 30 and WORLD.clicks.shape[0] == 60


def test_policies_are_distributions_and_choices_follow_them():
    assert RUNNING.sum(axis=1) == pytest.approx(np.ones(60)) and RUNNING.min() >= 0.3 / RUNNING.shape[1]
    items = chosen(RUNNING, np.zeros(50_000, int), np.random.default_rng(4))
    shares = np.bincount(items, minlength=RUNNING.shape[1]) / 50_000
    assert np.abs(shares - RUNNING[0]).max() < 4 * 0.5 / 50_000**0.5


def test_a_simulated_test_has_the_effect_it_says():
    found = ab_test(WORLD, RUNNING, TARGET, 40_000, np.random.default_rng(5))
    truth = 10 * (WORLD.value(TARGET) - WORLD.value(RUNNING)).mean()
    seen = found.values[found.treated].mean() - found.values[~found.treated].mean()
    assert seen == pytest.approx(truth, abs=4 * found.values.std() * 2 / 40_000**0.5)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Logged(np.ones(2), np.array([0.0, 1]), np.ones(2)), "propensities has 0: .* above 0"),
        (lambda: Logged(np.ones(2), np.ones(2), np.array([0.5, 1.2])), "target has 1.2"),
        (lambda: Logged(np.ones(2), np.ones(3), np.ones(2)), "propensities has 3 entries beside 2"),
        (lambda: Logged(np.ones(2), np.ones(2), np.ones(2), np.arange(3)), "users has shape"),
        (lambda: Logged(np.ones(0), np.ones(0), np.ones(0)), "at least one user"),
        (lambda: self_normalised(Logged(np.ones(2), np.ones(2), np.zeros(2))), "all weights are 0"),
        (lambda: self_normalised(Logged(np.ones(2), np.ones(2), np.array([0.0, 1.0]))), "one user has all the weight"),
        (lambda: inverse_propensity(Logged(np.ones(2), np.ones(2), np.ones(2), np.zeros(2))), "1 user in the log"),
        (lambda: inverse_propensity(LOG, clip=0), "clip is 0"),
        (lambda: replayed(Interactions.of(pl.DataFrame(schema=EMPTY), END)), "nothing to replay"),
        (lambda: softmax_policy(WORLD.clicks, 0), "temperature is 0"),
    ],
)
def test_wrong_input_is_refused(call, told):
    with pytest.raises(ExperimentError, match=told):
        call()


EMPTY = {"user_key": pl.String, "item_id": pl.String, "ts": pl.Datetime("us")}
