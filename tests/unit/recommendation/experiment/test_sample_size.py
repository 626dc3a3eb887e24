import numpy as np
import pytest

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.estimate import from_arms
from interest_platform.recommendation.experiment.sample_size import (
    Design,
    Sizes,
    detectable_mean,
    detectable_proportion,
    power_of_mean,
    power_of_proportion,
    users_for_mean,
    users_for_proportion,
)


@pytest.mark.parametrize(
    # control users by statsmodels 0.15.0, TTestIndPower().solve_power(effect, alpha=, power=, ratio=)
    ("effect", "design", "statsmodels"),
    [
        (0.5, Design(), 63.76561),
        (0.2, Design(), 393.40569),
        (0.1, Design(0.01, 0.9, 2), 2233.01417),
        (0.02, Design(), 39245.26293),
        (1.0, Design(ratio=0.5), 24.89436),
    ],
)
def test_users_for_a_mean_are_those_of_statsmodels_rounded_up(effect, design, statsmodels):
    control = int(np.ceil(statsmodels))
    assert users_for_mean(effect, 1.0, design) == Sizes(control, int(np.ceil(control * design.ratio)))


def test_power_and_detectable_effect_are_those_of_statsmodels():
    # TTestIndPower().power(.3, 50, .05), .power(.1, 400, .01, 3), .solve_power(None, 200, .05, .8)
    assert power_of_mean(0.3, 1, 50) == pytest.approx(0.31780220491946193, abs=1e-9)
    assert power_of_mean(0.1, 1, 400, Design(0.01, ratio=3)) == pytest.approx(0.1989029884486188, abs=1e-9)
    assert detectable_mean(200, 1) == pytest.approx(0.28083645028760074, abs=1e-8)


def test_many_users_and_large_effects_have_a_power_too():
    # (1.959964 + .841621) sqrt(2 / 5000), times the standard deviation
    assert detectable_mean(5000, 2.0) == pytest.approx(2 * 2.801585 * (2 / 5000) ** 0.5, rel=1e-4)
    assert power_of_mean(50, 1, 10_000) == 1


def test_power_of_proportions_is_that_of_statsmodels():
    # power_proportions_2indep(diff, baseline, nobs)
    assert power_of_proportion(0.1, 0.02, 4000) == pytest.approx(0.8157002225235035, abs=1e-12)
    assert power_of_proportion(0.05, 0.01, 8000) == pytest.approx(0.7922931260890732, abs=1e-12)


def test_users_for_a_proportion_are_the_fewest_that_reach_the_power():
    n = users_for_proportion(0.1, 0.02).control
    assert power_of_proportion(0.1, 0.02, n - 1) < 0.8 <= power_of_proportion(0.1, 0.02, n)
    assert detectable_proportion(n, 0.1) == pytest.approx(0.02, abs=2e-6)


def test_a_covariate_saves_the_square_of_its_correlation():
    plain, saved = (users_for_mean(0.05, 1, Design(correlation=r)).control for r in (0.0, 0.6))
    assert saved / plain == pytest.approx(1 - 0.36, abs=1e-3)
    assert users_for_proportion(0.1, 0.01, Design(correlation=-0.6)).control < users_for_proportion(0.1, 0.01).control


def test_units_do_not_matter_and_more_comparisons_cost_users():
    assert users_for_mean(0.2, 1) == users_for_mean(-200, 1000)
    assert users_for_mean(0.2, 1, Design(comparisons=3)) == users_for_mean(0.2, 1, Design(alpha=0.05 / 3))


def test_peeking_costs_the_ratio_of_the_critical_values():
    peeked, once = (users_for_mean(0.02, 1, Design(peeked=p)).control for p in (True, False))
    # (3.0351 + 0.8416)^2 / (1.96 + 0.8416)^2
    assert peeked / once == pytest.approx((3.0351228 + 0.8416212) ** 2 / (1.959964 + 0.8416212) ** 2, abs=1e-3)


def test_planned_power_is_achieved():
    rng, effect = np.random.default_rng(3), 0.4
    sizes = users_for_mean(effect, 1.0)
    found = [
        from_arms(rng.normal(effect, 1, sizes.treated), rng.normal(0, 1, sizes.control)).p_value() < 0.05
        for _ in range(2000)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=3 * (0.8 * 0.2 / 2000) ** 0.5)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (lambda: users_for_mean(0.1, -1), "sd is -1"),
        (lambda: users_for_mean(0.0, 1), "effect is 0.0"),
        (lambda: users_for_mean(1e-9, 1), "users an arm would be needed"),
        (lambda: users_for_proportion(0.9, 0.2), "baseline \\+ effect is 1.1"),
        (lambda: detectable_proportion(3, 0.5), "plan for more users"),
        (lambda: power_of_mean(0.1, 1, 1), "two or more in each arm"),
        (lambda: Design(alpha=0), "alpha is 0"),
        (lambda: Design(correlation=1), "correlation is 1"),
        (lambda: Design(comparisons=0), "comparisons is 0"),
        (lambda: Design(ratio=float("inf")), "ratio is inf"),
    ],
)
def test_what_can_not_be_planned_is_refused(plan, told):
    with pytest.raises(ExperimentError, match=told):
        plan()
