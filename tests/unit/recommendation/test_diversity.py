"""Re-ranking of a pool, by hand and by brute force."""

import numpy as np
import pytest
from recommending import unit

from interest_platform.recommendation.diversity import FLOOR, calibrated, mmr

AXES = np.array([[1, 0], [1, 0], [0, 1]], np.float32)


def test_mmr_takes_the_different_one_second_by_hand():
    # relevance in [0, 1]: 1, .9, 0; second: .5 * .9 - .5 * 1 = -.05 against .5 * 0 - .5 * 0 = 0
    relevance = np.array([11.0, 10.0, 1.0])
    assert mmr(relevance, AXES, 3, trade_off=0.5).tolist() == [0, 2, 1]
    assert mmr(relevance, AXES, 2, trade_off=0.6).tolist() == [0, 1]


def test_without_a_wish_for_diversity_both_are_by_relevance():
    g = np.random.default_rng(0)
    relevance, vectors = g.normal(size=20), unit(g.normal(size=(20, 4)))
    order = np.argsort(-relevance)[:7]
    np.testing.assert_array_equal(mmr(relevance, vectors, 7, trade_off=1.0), order)
    np.testing.assert_array_equal(calibrated(relevance, np.eye(20), np.full(20, 0.05), 7, trade_off=0.0), order)


def test_a_calibrated_list_has_the_mix_of_the_history():
    kinds = np.repeat(np.eye(2), 50, axis=0)
    relevance = np.linspace(1, 0, 100)  # all of the first kind before all of the second
    chosen = calibrated(relevance, kinds, np.array([0.7, 0.3]), 10, trade_off=0.95)
    assert (chosen >= 50).sum() == 3
    assert sorted(chosen[chosen >= 50]) == [50, 51, 52]
    assert (calibrated(relevance, kinds, np.array([0.7, 0.3]), 10, trade_off=0.0) < 50).all()


def test_each_step_of_calibration_takes_the_best_of_all_by_brute_force():
    g = np.random.default_rng(1)
    relevance, kinds, wanted = g.random(12), g.dirichlet(np.ones(4), 12), g.dirichlet(np.ones(4))
    scaled = (relevance - relevance.min()) / np.ptp(relevance)
    chosen = []
    for _ in range(5):

        def worth(item, before=tuple(chosen)):
            both = [*before, item]
            mix = (1 - FLOOR) * kinds[both].mean(axis=0) + FLOOR * wanted
            return 0.4 * scaled[both].sum() - 0.6 * (wanted * np.log(wanted / mix)).sum()

        chosen.append(max(set(range(12)) - set(chosen), key=worth))
    assert calibrated(relevance, kinds, wanted, 5, trade_off=0.6).tolist() == chosen


@pytest.mark.parametrize("n", [0, 1, 3, 9])
def test_no_pool_equal_relevance_and_lists_longer_than_the_pool(n):
    for order in (mmr, lambda r, v, n: calibrated(r, v, np.array([0.5, 0.5]), n)):
        assert len(order(np.zeros(0), np.zeros((0, 2)), n)) == 0
        assert len(set(order(np.ones(3), AXES, n).tolist())) == min(n, 3)
