"""Re-ranking of pools, by hand and by brute force."""

import numpy as np
import pytest
from recommending import unit
from scipy.sparse import csr_array

from interest_platform.recommendation import diversity
from interest_platform.recommendation.diversity import FLOOR, calibrated, mmr

AXES = np.array([[1, 0], [1, 0], [0, 1]], np.float32)


def by_mmr(relevance, vectors, n, trade_off=0.7):
    """Of one user whose pool is all items."""
    return mmr(np.array([relevance]), np.arange(len(relevance))[None], vectors, n, trade_off)[0].tolist()


def by_kinds(relevance, kinds, wanted, n, trade_off=0.7):
    pool = np.arange(len(relevance))[None]
    return calibrated(np.array([relevance]), pool, csr_array(kinds), np.array([wanted]), n, trade_off)[0]


def test_mmr_takes_the_different_one_second_by_hand():
    # relevance in [0, 1]: 1, .9, 0; second: .5 * .9 - .5 * 1 = -.05 against .5 * 0 - .5 * 0 = 0
    relevance = np.array([11.0, 10.0, 1.0])
    assert by_mmr(relevance, AXES, 3, trade_off=0.5) == [0, 2, 1]
    assert by_mmr(relevance, AXES, 2, trade_off=0.6) == [0, 1]


def test_each_step_of_mmr_takes_the_best_of_all_by_brute_force():
    g = np.random.default_rng(2)
    relevance, vectors = g.normal(size=15), unit(g.normal(size=(15, 3)))
    scaled = (relevance - relevance.min()) / np.ptp(relevance)
    chosen = [int(scaled.argmax())]
    while len(chosen) < 6:

        def worth(item, before=tuple(chosen)):
            return 0.4 * scaled[item] - 0.6 * max(vectors[item] @ vectors[other] for other in before)

        chosen.append(max(sorted(set(range(15)) - set(chosen)), key=worth))
    assert by_mmr(relevance, vectors, 6, trade_off=0.4) == chosen


def test_an_item_without_a_vector_counts_as_unlike_all_others():
    # .5 * .9 - .5 * 0 = .45 is more than what is like the first, .5 * .95 - .5 * 1
    vectors = np.array([[1, 0], [1, 0], [0, 0]], np.float32)
    assert by_mmr(np.array([1.0, 0.95, 0.9, 0.0]), np.vstack([vectors, vectors[:1]]), 2, trade_off=0.5) == [0, 2]


def test_without_a_wish_for_diversity_both_are_by_relevance():
    g = np.random.default_rng(0)
    relevance, vectors = g.normal(size=20), unit(g.normal(size=(20, 4)))
    order = np.argsort(-relevance)[:7].tolist()
    assert by_mmr(relevance, vectors, 7, trade_off=1.0) == order
    assert by_kinds(relevance, np.eye(20), np.full(20, 0.05), 7, trade_off=1.0).tolist() == order


def test_a_calibrated_list_has_the_mix_of_the_history():
    kinds = np.repeat(np.eye(2), 50, axis=0)
    relevance = np.linspace(1, 0, 100)  # all of the first kind before all of the second
    chosen = by_kinds(relevance, kinds, np.array([0.7, 0.3]), 10, trade_off=0.05)
    assert (chosen >= 50).sum() == 3
    assert sorted(chosen[chosen >= 50]) == [50, 51, 52]
    assert (by_kinds(relevance, kinds, np.array([0.7, 0.3]), 10, trade_off=1.0) < 50).all()


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
    assert by_kinds(relevance, kinds, wanted, 5, trade_off=0.4).tolist() == chosen


def test_who_has_no_known_mix_has_the_list_by_score_and_items_of_no_kind_come_late():
    kinds = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    relevance = np.array([3.0, 2.0, 1.0])
    assert by_kinds(relevance, kinds, np.zeros(2), 3, trade_off=0.1).tolist() == [0, 1, 2]
    assert by_kinds(relevance, kinds, np.array([0.5, 0.5]), 3, trade_off=0.1).tolist() == [1, 2, 0]


def test_users_in_blocks_and_alone_have_the_same_lists(monkeypatch):
    g = np.random.default_rng(3)
    vectors, kinds = unit(g.normal(size=(40, 6))), csr_array(g.dirichlet(np.ones(5), 40).astype(np.float32))
    items = np.array([g.permutation(40)[:12] for _ in range(9)])
    items[4, 7:], items[5] = -1, -1
    scores = np.sort(g.normal(size=(9, 12)))[:, ::-1]
    wanted = g.dirichlet(np.ones(5), 9)

    def lists(rows):
        return (
            mmr(scores[rows], items[rows], vectors, 5, 0.5),
            calibrated(scores[rows], items[rows], kinds, wanted[rows], 5, 0.5),
        )

    whole = lists(slice(None))
    assert ((whole[0][4] >= 0).sum(), (whole[0][5] >= 0).sum()) == (5, 0)
    monkeypatch.setattr(diversity, "CELLS", 150)
    for found, one in zip(lists(slice(None)), whole, strict=True):
        np.testing.assert_array_equal(found, one)
    for row in range(9):
        for found, one in zip(lists(slice(row, row + 1)), whole, strict=True):
            np.testing.assert_array_equal(found[0], one[row])


@pytest.mark.parametrize("n", [0, 1, 3, 9])
def test_no_pool_equal_relevance_and_lists_longer_than_the_pool(n):
    for order in (by_mmr, lambda r, v, n: by_kinds(r, v, np.array([0.5, 0.5]), n).tolist()):
        assert order(np.zeros(0), np.zeros((0, 2)), n) == []
        assert len(set(order(np.ones(3), AXES, n))) == min(n, 3)
