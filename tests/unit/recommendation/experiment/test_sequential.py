import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.estimate import Estimate, difference
from interest_platform.recommendation.experiment.sequential import (
    FIRST_LOOK,
    always_valid_p,
    bounded,
    bounded_difference,
    critical_value,
    mixing_variance,
    running_difference,
    sequence,
)


def test_the_mixing_variance_is_the_one_that_makes_the_sequence_narrowest():
    def width(spread: float) -> float:
        return (spread + 1) / spread * np.log((spread + 1) / 0.05**2)

    best = minimize_scalar(width, bounds=(0.1, 100), method="bounded", options={"xatol": 1e-9}).x
    assert mixing_variance(1, 0.05) == pytest.approx(best, abs=1e-6)
    assert mixing_variance(500, 0.05) == pytest.approx(best / 500, abs=1e-8)


def test_the_critical_value_at_the_planned_end_is_known():
    # at the minimum log((v + 1) / alpha^2) = v, so the critical value is sqrt(v + 1)
    assert critical_value(5000, 5000) == pytest.approx((mixing_variance(1) + 1) ** 0.5, abs=1e-12)
    assert critical_value(500, 5000) > critical_value(5000, 5000) < critical_value(50_000, 5000)


@pytest.mark.parametrize("z", [0.0, 2.9, 3.2, -3.2, 5.0])
def test_the_always_valid_p_value_is_below_alpha_exactly_where_the_sequence_excludes_0(z):
    estimate = Estimate(z, 1.0, 1e9, 1000)
    low, high = sequence(estimate, 1000, 0.05)
    assert (always_valid_p(estimate, 1000, 0.05) < 0.05) == (low > 0 or high < 0)


def test_the_running_sequence_is_the_sequence_of_each_look():
    rng = np.random.default_rng(0)
    values, treated = rng.normal(1e6, 1, 600), rng.random(600) < 0.4
    low, high = running_difference(values, treated, 1000)
    for n in (300, 450, 600):
        expected = sequence(difference(values[:n], treated[:n]), 1000)
        assert (low[n - 1], high[n - 1]) == pytest.approx(expected, abs=1e-6)
    early = np.minimum(np.cumsum(treated), np.cumsum(~treated)) < FIRST_LOOK
    assert np.isinf(low[early]).all() and np.isfinite(low[~early]).all()


def test_under_peeking_after_every_user_the_sequence_covers_where_the_fixed_interval_fails():
    rng, n, missed, fooled = np.random.default_rng(1), 3000, 0, 0
    for _ in range(600):
        treated = rng.random(n) < 0.5
        values = (rng.random(n) < 0.1).astype(float)
        low, high = running_difference(values, treated, 2000)
        seen = np.isfinite(low)
        missed += ((low > 0) | (high < 0)).any()
        low, high, critical = low[seen], high[seen], critical_value(np.arange(1, n + 1), 2000)[seen]
        z = (low + high) / (high - low) * critical
        fooled += (np.abs(z) > 1.96).any()
    assert missed / 600 <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5
    assert fooled / 600 > 0.25


def test_the_bounded_sequence_is_worked_out_by_hand():
    # 1, 0: predicted 1/2 and 3/4; V = 1/4 + 9/16 < 1, so V = 1 and l = log(2 zeta(1.4) / .05), k2 = 1.2071068
    low, high = bounded(np.array([1.0, 0.0] * 200), 0, 1)
    zeta, k1 = 3.105547, (2**0.25 + 2**-0.25) / 2**0.5
    epochs, k2 = np.log(2 * zeta / 0.05), (2**0.5 + 1) / 2
    assert (low[0], high[0], low[1], high[1]) == (0, 1, 0, 1)
    unit = np.array([1.0, 0.0] * 200)
    variance = sum((x - (unit[:i].sum() + 0.5) / (i + 1)) ** 2 for i, x in enumerate(unit))
    epochs += 1.4 * np.log(np.log2(variance) + 1)
    margin = (np.sqrt(k1**2 * variance * epochs + (k2 * epochs) ** 2) + k2 * epochs) / 400
    assert (low[-1], high[-1]) == pytest.approx((0.5 - margin, 0.5 + margin), abs=1e-6)


def test_the_bounded_sequence_covers_at_every_look_from_the_first_on():
    rng, missed = np.random.default_rng(2), 0
    for _ in range(400):
        low, high = bounded(2 + 3 * (rng.random(1000) < 0.03), 2, 5)
        missed += ((low > 2.09) | (high < 2.09)).any()
    assert missed / 400 <= 0.05


def test_the_bounded_difference_covers_and_narrows():
    rng = np.random.default_rng(3)
    treated = rng.random(20_000) < 0.3
    values = (rng.random(20_000) < np.where(treated, 0.5, 0.3)).astype(float) * 10
    low, high = bounded_difference(values, treated, 0.3, 0, 10)
    assert (low <= 2).all() and (high >= 2).all() and low[-1] > 1


def test_all_equal_values_are_no_proof():
    low, high = running_difference(np.ones(400), np.arange(400) % 2 == 0, 400)
    assert np.isinf(low).all() and np.isinf(high).all()
    assert always_valid_p(difference(np.ones(400), np.arange(400) % 2 == 0), 400) == 1


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: bounded(np.array([0.5, 1.2]), 0, 1), "do not lie in"),
        (lambda: bounded(np.array([]), 0, 1), "at least one user"),
        (lambda: mixing_variance(0), "planned is 0"),
        (lambda: critical_value(1, 1, 1.5), "alpha is 1.5"),
        (lambda: Estimate(0.0, float("nan"), 1, 1), "can't be negative or missing"),
        (lambda: running_difference(np.ones(3), np.array([True, True, False]), 10), "2 treated and 1 control"),
        (lambda: running_difference(np.ones(3), np.ones(3), 10), "one boolean for each of 3"),
        (lambda: bounded_difference(np.ones(4), np.arange(4) < 2, 0, 0, 1), "share is 0"),
    ],
)
def test_wrong_input_is_refused(call, told):
    with pytest.raises(ExperimentError, match=told):
        call()
