import numpy as np
import pytest
from scipy.stats import chisquare

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.sample_ratio import chi_square_p, sequential_p

HALVES = {"a": 0.5, "b": 0.5}


def test_the_statistic_is_pearsons():
    counts, shares = {"a": 520, "b": 240, "c": 280}, {"a": 0.2, "b": 0.1, "c": 0.1}
    assert chi_square_p(counts, shares) == pytest.approx(chisquare([520, 240, 280], [520, 260, 260]).pvalue)


def test_a_mismatch_too_small_for_the_eye_is_found():
    # the example of Kohavi, Tang and Xu (2020, chapter 3): 821,588 and 815,482 users
    assert chi_square_p({"a": 821_588, "b": 815_482}, HALVES) < 1e-5
    assert sequential_p({"a": 821_588, "b": 815_482}, HALVES) < 1e-3


def test_the_sequential_value_is_a_bayes_factor_worked_out_by_hand():
    # one user: the predictive probability is the planned share, so the factor is 1; two of one kind: (501 / 1001) / .5
    assert sequential_p({"a": 1}, HALVES) == pytest.approx(1)
    assert sequential_p({"a": 2}, HALVES) == pytest.approx(0.5 / (501 / 1001))


def test_looking_after_every_user_alarms_as_rarely_as_promised():
    rng, alarms, naive = np.random.default_rng(0), 0, 0
    for _ in range(150):
        ones = np.cumsum(rng.random(2000) < 0.5)
        looks = [({"a": int(ones[n - 1]), "b": n - int(ones[n - 1])}) for n in range(50, 2001, 25)]
        alarms += min(sequential_p(look, HALVES) for look in looks) < 0.05
        naive += min(chi_square_p(look, HALVES) for look in looks) < 0.05
    assert alarms / 150 <= 0.05 + 3 * (0.05 * 0.95 / 150) ** 0.5
    assert naive / 150 > 0.2


@pytest.mark.parametrize(
    ("counts", "shares", "told"),
    [
        ({"a": 1}, {"a": 1.0}, "1 variants have a share"),
        ({"z": 5}, HALVES, "users saw z"),
        ({}, HALVES, "at least one user"),
        ({"a": -1, "b": 3}, HALVES, "counts of 0 or more"),
        ({"a": 1}, {"a": -0.5, "b": 1}, "share of a is -0.5"),
    ],
)
def test_wrong_input_is_refused(counts, shares, told):
    for test in (chi_square_p, sequential_p):
        with pytest.raises(ExperimentError, match=told):
            test(counts, shares)
