"""Metrics at k: numbers by hand, scikit-learn as an oracle, and laws."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import ndcg_score

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.metrics import METRICS, metrics_at_k

LOG3 = np.log2(3)


def relevant(*rows, items=6):
    cells = [(row, item) for row, items_of in enumerate(rows) for item in items_of]
    return csr_array((np.ones(len(cells)), np.array(cells).T), shape=(len(rows), items))


def drawn(users=40, items=30, k=10, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.random((users, items))
    truth = rng.random((users, items)) < 0.2
    truth[:, 0] = True
    return scores, np.argsort(-scores, axis=1)[:, :k], csr_array(truth.astype(float))


def test_values_of_two_users_by_hand():
    # the first: hits at ranks 1 and 3 of three places, four relevant; the second: one hit at rank 2, one relevant
    found = metrics_at_k(np.array([[4, 0, 2], [5, 1, 3]]), relevant([1, 2, 3, 4], [1]), 3)
    assert found["precision"] == pytest.approx([2 / 3, 1 / 3])
    assert found["recall"] == pytest.approx([2 / 4, 1])
    assert found["f1"] == pytest.approx([2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2), 2 * (1 / 3) / (4 / 3)])
    assert found["hit_rate"] == pytest.approx([1, 1])
    assert found["ndcg"] == pytest.approx([(1 + 1 / 2) / (1 + 1 / LOG3 + 1 / 2), 1 / LOG3])
    assert found["map"] == pytest.approx([(1 + 2 / 3) / 4, 1 / 2])
    assert found["mrr"] == pytest.approx([1, 1 / 2])


def test_a_short_list_has_misses_where_it_has_no_items():
    short = metrics_at_k(np.array([[1, -1, -1, -1]]), relevant([1, 2]), 4)
    missed = metrics_at_k(np.array([[1, 0, 3, 4]]), relevant([1, 2]), 4)
    assert {name: value[0] for name, value in short.items()} == {name: value[0] for name, value in missed.items()}


def test_an_empty_list_scores_zero_everywhere():
    found = metrics_at_k(np.full((1, 3), -1), relevant([0, 5]), 3)
    assert {name: float(value[0]) for name, value in found.items()} == dict.fromkeys(METRICS, 0.0)


def test_the_padding_of_a_row_is_not_the_last_item_of_the_row_before():
    assert metrics_at_k(np.array([[0], [-1]]), relevant([5], [1]), 1)["hit_rate"].tolist() == [0, 0]


def test_the_best_list_that_can_be_has_one_in_all_but_precision():
    found = metrics_at_k(np.array([[2, 1, 0]]), relevant([1, 2]), 3)
    assert found["precision"][0] == pytest.approx(2 / 3)
    assert all(found[name][0] == pytest.approx(1) for name in ("recall", "hit_rate", "ndcg", "map", "mrr"))


def test_k_may_be_larger_than_the_catalogue():
    found = metrics_at_k(np.array([[0, 1]]), relevant([0, 1], items=2), 10)
    assert (found["precision"][0], found["recall"][0], found["ndcg"][0]) == pytest.approx((0.2, 1, 1))


def test_ndcg_is_that_of_scikit_learn():
    scores, ranked, truth = drawn()
    expected = [ndcg_score([row], [own], k=10) for row, own in zip(truth.toarray(), scores, strict=True)]
    assert metrics_at_k(ranked, truth, 10)["ndcg"] == pytest.approx(expected, abs=1e-12)


def test_average_precision_of_a_whole_ranking_is_that_of_scikit_learn():
    from sklearn.metrics import average_precision_score

    scores, ranked, truth = drawn(k=30)
    expected = [average_precision_score(row, own) for row, own in zip(truth.toarray(), scores, strict=True)]
    assert metrics_at_k(ranked, truth, 30)["map"] == pytest.approx(expected, abs=1e-12)


def test_users_in_another_order_have_the_same_values():
    _, ranked, truth = drawn()
    order = np.random.default_rng(1).permutation(len(ranked))
    before, after = metrics_at_k(ranked, truth, 10), metrics_at_k(ranked[order], truth[order], 10)
    assert all((before[name][order] == after[name]).all() for name in METRICS)


def test_items_under_other_numbers_have_the_same_values():
    _, ranked, truth = drawn()
    order = np.random.default_rng(1).permutation(30)
    before, after = metrics_at_k(ranked, truth, 10), metrics_at_k(np.argsort(order)[ranked], truth[:, order], 10)
    assert all((before[name] == after[name]).all() for name in METRICS)


def test_an_irrelevant_item_more_in_the_catalogue_and_at_the_end_changes_nothing():
    _, ranked, truth = drawn()
    wider = csr_array((truth.data, truth.indices, truth.indptr), shape=(40, 31))
    before = metrics_at_k(np.pad(ranked, ((0, 0), (0, 1)), constant_values=-1), truth, 11)
    after = metrics_at_k(np.pad(ranked, ((0, 0), (0, 1)), constant_values=30), wider, 11)
    assert all((before[name] == after[name]).all() for name in METRICS)


@pytest.mark.parametrize("k", [1, 5, 10])
def test_all_values_are_from_zero_to_one_and_a_hit_moved_up_never_makes_them_less(k):
    _, ranked, truth = drawn(users=200)
    found = metrics_at_k(ranked, truth, k)
    assert all(((value >= 0) & (value <= 1 + 1e-12)).all() for value in found.values())
    hit = np.take_along_axis(truth.toarray(), ranked, axis=1)
    best = np.take_along_axis(ranked, np.argsort(-hit, axis=1, kind="stable"), axis=1)
    raised = metrics_at_k(best, truth, k)
    assert all((raised[name] >= found[name] - 1e-12).all() for name in METRICS)


def test_indices_that_are_not_sorted_are_relevant_all_the_same():
    mixed = csr_array((np.ones(3), np.array([4, 0, 2]), np.array([0, 3])), shape=(1, 5))
    assert metrics_at_k(np.array([[0, 2, 4]]), mixed, 3)["recall"].tolist() == [1]


@pytest.mark.parametrize(
    ("ranked", "told"),
    [
        ([[1, 1]], "holds an item twice"),
        ([[-1, 1]], "goes on after padding"),
        ([[0, 6]], "columns from 0 to 5"),
        ([[0], [1]], "one row a list"),
    ],
)
def test_lists_that_are_none_are_refused(ranked, told):
    with pytest.raises(ContractError, match=told):
        metrics_at_k(np.array(ranked), relevant([1]), 2)


def test_a_user_without_a_relevant_item_is_refused():
    with pytest.raises(ContractError, match="1 of 2 users have no relevant item"):
        metrics_at_k(np.array([[0], [1]]), relevant([1], []), 1)


def test_no_users_have_no_values():
    assert all(len(v) == 0 for v in metrics_at_k(np.empty((0, 3), int), csr_array((0, 6)), 3).values())
