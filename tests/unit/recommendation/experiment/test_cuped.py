import numpy as np
import pytest

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.cuped import cuped, pooled, stratified
from interest_platform.recommendation.experiment.estimate import difference


def users(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    known, treated = rng.normal(5, 2, n), rng.random(n) < 0.5
    return known + rng.normal(0, 1, n) + 0.3 * treated, known, treated


def test_the_difference_is_welchs_worked_out_by_hand():
    found = difference(np.array([1.0, 3.0, 0.0, 2.0, 4.0]), np.array([True, True, False, False, False]))
    # variances 2 and 4: se^2 = 2/2 + 4/3, df = (7/3)^2 / (1 + (4/3)^2 / 2)
    assert (found.value, found.se**2, found.df) == pytest.approx((0.0, 7 / 3, (49 / 9) / (1 + 8 / 9)))


def test_the_difference_is_scipys():
    from scipy.stats import ttest_ind

    values, _, treated = users()
    told = ttest_ind(values[treated], values[~treated], equal_var=False)
    found = difference(values, treated)
    assert found.p_value() == pytest.approx(told.pvalue, abs=1e-12)
    assert found.interval() == pytest.approx(tuple(told.confidence_interval()), abs=1e-12)


def test_a_perfect_covariate_leaves_the_effect_alone():
    known, treated = np.arange(20.0), np.arange(20) % 3 == 0
    found = cuped(2 * known + 1.5 * treated, known, treated)
    assert found.value == pytest.approx(1.5) and found.se == pytest.approx(0, abs=1e-9)


def test_variance_falls_by_the_square_of_the_correlation():
    values, known, treated = users(20_000)
    left = (cuped(values, known, treated).se / difference(values, treated).se) ** 2
    assert left == pytest.approx(1 - 4 / 5, abs=0.01)


def test_a_covariate_that_says_nothing_changes_nothing():
    values, _, treated = users()
    assert cuped(values, np.ones(400), treated) == difference(values, treated)


def test_shift_and_scale_of_the_covariate_and_the_order_of_users_do_not_matter():
    values, known, treated = users()
    first, order = cuped(values, known, treated), np.random.default_rng(0).permutation(400)
    for other in (cuped(values, 100 - 3 * known, treated), cuped(values[order], known[order], treated[order])):
        assert (other.value, other.se) == pytest.approx((first.value, first.se), abs=1e-10)


def test_strata_are_weighted_by_their_users_worked_out_by_hand():
    # 40 + 40 of s with difference 1, 20 + 60 of t with difference 3: weights 1/2, 1/2
    strata = np.array(["s"] * 80 + ["t"] * 80)
    treated = np.array([True] * 40 + [False] * 40 + [True] * 20 + [False] * 60)
    base = np.tile([0.0, 1.0], 80)
    found = stratified(base + treated * np.where(strata == "s", 1.0, 3.0), treated, strata)
    half = {n: 0.25 * n / (n - 1) for n in (40, 20, 60)}
    within = (2 * half[40] / 40 + half[20] / 20 + half[60] / 60) / 4
    assert (found.value, found.se**2) == pytest.approx((2.0, within + 1 / 160))


def test_strata_take_out_what_chance_left_uneven():
    rng, errors = np.random.default_rng(5), []
    for _ in range(300):
        strata, treated = rng.integers(0, 3, 300), rng.random(300) < 0.5
        values = 4.0 * strata + rng.normal(0, 1, 300)
        errors.append((difference(values, treated).value, stratified(values, treated, strata).value))
    assert np.std(errors, axis=0)[1] < 0.4 * np.std(errors, axis=0)[0]


def test_small_strata_are_pooled_or_join_the_largest():
    treated = np.tile([True, False], 60)
    small = np.repeat(["a", "b", "c"], [80, 20, 20])
    assert [len(set(pooled(small, treated)[at])) for at in (slice(0, 80), slice(80, 120), slice(0, 120))] == [1, 1, 2]
    alone = np.repeat(["a", "b"], [100, 20])
    assert len(set(pooled(alone, treated))) == 1
    assert stratified(np.arange(120.0), treated, np.arange(120)).n == 120


@pytest.mark.parametrize("method", ["plain", "cuped", "stratified", "both"])
def test_intervals_cover(method):
    rng, hits, runs = np.random.default_rng(6), 0, 600
    for _ in range(runs):
        strata, treated, known = rng.integers(0, 2, 200), rng.random(200) < 0.3, rng.normal(0, 1, 200)
        # the effect differs by stratum: .5 and 1.5
        values = known + strata + rng.normal(0, 1, 200) + treated * (0.5 + strata)
        found = {
            "plain": lambda v=values, t=treated: difference(v, t),
            "cuped": lambda v=values, t=treated, x=known: cuped(v, x, t),
            "stratified": lambda v=values, t=treated, s=strata: stratified(v, t, s),
            "both": lambda v=values, t=treated, s=strata, x=known: stratified(v, t, s, x),
        }[method]()
        low, high = found.interval()
        hits += low <= 1.0 <= high
    assert hits / runs == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / runs) ** 0.5)


def test_no_spread_is_no_certainty():
    found = difference(np.zeros(20), np.arange(20) < 10)
    assert found.interval() == (-np.inf, np.inf) and found.p_value() == 1


def test_wrong_input_is_refused():
    values, known, treated = users()
    with pytest.raises(ExperimentError, match="covariate has 399 entries beside 400"):
        cuped(values, known[1:], treated)
    with pytest.raises(ExperimentError, match="1 entries that are no finite"):
        difference(np.where(np.arange(400) == 3, np.nan, values), treated)
    with pytest.raises(ExperimentError, match=r"strata has shape \(3,\)"):
        stratified(values, treated, np.arange(3))
    with pytest.raises(ExperimentError, match="0 treated and 400 control"):
        difference(values, np.zeros(400, bool))
