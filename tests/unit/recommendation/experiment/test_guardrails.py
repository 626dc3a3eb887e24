import numpy as np
import pytest

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.estimate import Estimate
from interest_platform.recommendation.experiment.guardrails import (
    Goal,
    Guard,
    guard,
    non_inferiority_p,
    relative_to_control,
)


@pytest.mark.parametrize(
    ("interval", "goal", "status"),
    [
        ((-0.5, 0.2), Goal.UP, Guard.HELD),
        ((-1.5, 0.2), Goal.UP, Guard.OPEN),
        ((-3.0, -1.5), Goal.UP, Guard.BROKEN),
        ((-3.0, -1.5), Goal.DOWN, Guard.HELD),
        ((0.5, 1.5), Goal.DOWN, Guard.OPEN),
        ((1.5, 3.0), Goal.DOWN, Guard.BROKEN),
        ((-np.inf, np.inf), Goal.UP, Guard.OPEN),
    ],
)
def test_the_interval_decides_by_the_margin(interval, goal, status):
    assert guard(interval, 1.0, goal) is status


def test_the_p_value_agrees_with_the_one_sided_bound():
    estimate = Estimate(-0.2, 0.5, 1e9, 100)
    # z = (-.2 + 1) / .5 = 1.6: 1 - Phi(1.6)
    assert non_inferiority_p(estimate, 1.0, Goal.UP) == pytest.approx(0.0547993, abs=1e-6)
    assert non_inferiority_p(Estimate(0.2, 0.5, 1e9, 100), 1.0, Goal.DOWN) == pytest.approx(0.0547993, abs=1e-6)


def test_at_the_margin_itself_it_holds_wrongly_in_alpha_of_experiments():
    rng, treated, held = np.random.default_rng(0), np.arange(400) < 200, 0
    for _ in range(1000):
        values = rng.exponential(2.0, 400) * np.where(treated, 0.9, 1.0)
        held += non_inferiority_p(relative_to_control(values, treated, 0.1, Goal.UP), 1e-12, Goal.UP) < 0.05
    assert held / 1000 == pytest.approx(0.05, abs=0.021)


def test_a_relative_margin_does_not_depend_on_the_unit():
    values, treated = np.arange(1.0, 41), np.arange(40) % 2 == 0
    one, thousand = (relative_to_control(values * unit, treated, 0.05, Goal.DOWN) for unit in (1, 1000))
    assert thousand.value / thousand.se == pytest.approx(one.value / one.se)
    # means 20 and 21: 20 - 1.05 x 21
    assert one.value == pytest.approx(-2.05)


def test_wrong_margins_are_refused():
    with pytest.raises(ExperimentError, match="margin is 0"):
        guard((0, 1), 0, Goal.UP)
    with pytest.raises(ExperimentError, match="margin is -1"):
        non_inferiority_p(Estimate(0.0, 1.0, 10, 10), -1, Goal.UP)
