"""Novelty, serendipity, diversity, popularity, debiased measures: numbers by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.beyond import diversity, novelty, serendipity
from interest_platform.recommendation.evaluation.debiased import debiased_at_k
from interest_platform.recommendation.evaluation.metrics import metrics_at_k
from interest_platform.recommendation.evaluation.popularity import coverage, exposure, gini, list_popularity

USERS_OF = np.array([8, 4, 1, 0])
"""Of eight users."""


def relevant(*rows, items=4):
    cells = [(row, item) for row, items_of in enumerate(rows) for item in items_of]
    return csr_array((np.ones(len(cells)), np.array(cells).T), shape=(len(rows), items))


def test_novelty_is_the_mean_information_in_bits():
    # log2(8/8) = 0, log2(8/4) = 1, log2(8/1) = 3, and an item that nobody has counts as one that one has
    assert novelty(np.array([[0, 1], [2, 3], [1, -1], [-1, -1]]), USERS_OF, 8).tolist() == [0.5, 3, 1, 0]


def test_the_popular_are_not_serendipitous():
    # popularity ranks 1, 2, 3: P_any is 4/4, 3/4, 2/4 and 0 for the item that nobody has; P_user is 4/4, 3/4
    found = serendipity(np.array([[0, 1], [2, 3]]), relevant([0, 1], [2, 3]), USERS_OF)
    assert found.tolist() == [0, ((1 - 0.5) + (0.75 - 0)) / 2]


def test_what_is_not_relevant_is_no_serendipity():
    assert serendipity(np.array([[2, 3]]), relevant([0]), USERS_OF).tolist() == [0]


def test_diversity_is_the_mean_over_pairs_of_one_less_the_cosine():
    vectors = np.array([[1, 0], [0, 1], [-1, 0], [0, 0]], np.float32)
    lists = np.array([[0, 1, 2], [0, 1, 3], [0, 3, -1], [0, 2, -1]])
    assert diversity(lists, vectors) == pytest.approx([(1 + 2 + 1) / 3, 1, 0, 2])


def test_coverage_and_gini_of_exposure():
    shown = exposure(np.array([[0, 1], [0, -1], [0, -1]]), 4)
    assert shown.tolist() == [3, 1, 0, 0]
    assert coverage(shown) == 0.5
    # ascending 0 0 1 3: (-3*0 - 1*0 + 1*1 + 3*3) / (4*4)
    assert gini(shown) == pytest.approx(10 / 16)
    assert gini(np.array([2, 2, 2])) == pytest.approx(0)
    assert gini(np.array([0, 0, 5, 0])) == pytest.approx(3 / 4)
    assert gini(np.zeros(3, int)) == 0 and coverage(np.zeros(0, int)) == 0


def test_popularity_of_a_list_is_the_mean_share_of_users():
    assert list_popularity(np.array([[0, 1], [2, -1]]), USERS_OF, 8).tolist() == [0.75, 0.125]


def test_debiased_counts_a_relevant_item_by_its_inverse_propensity():
    # power 1: weights 1/8, 1/4, 1, 1 (nobody has it: as if one had); item 0 at rank 1 and item 2 at rank 2 are hits
    found = debiased_at_k(np.array([[0, 2]]), relevant([0, 1, 2]), USERS_OF, 2, power=1)
    assert found["debiased_recall"] == pytest.approx([(1 / 8 + 1) / (1 / 8 + 1 / 4 + 1)])
    assert found["debiased_ndcg"] == pytest.approx([(1 / 8 + 1 / np.log2(3)) / (1 + 1 / 4 / np.log2(3))])


def test_debiased_with_power_zero_is_plain():
    rng = np.random.default_rng(0)
    ranked = np.argsort(rng.random((50, 20)), axis=1)[:, :5]
    truth = csr_array((rng.random((50, 20)) < 0.3).astype(float) + np.eye(50, 20, dtype=float) + (np.arange(20) == 0))
    users_of = rng.integers(0, 90, 20)
    plain, found = metrics_at_k(ranked, truth, 5), debiased_at_k(ranked, truth, users_of, 5, power=0)
    assert found["debiased_recall"] == pytest.approx(plain["recall"])
    assert found["debiased_ndcg"] == pytest.approx(plain["ndcg"])
    weighed = debiased_at_k(ranked, truth, users_of, 5, power=1)
    assert all(((value >= 0) & (value <= 1 + 1e-12)).all() for value in weighed.values())


def test_self_normalising_recovers_the_recall_that_was_hidden():
    """Popular items are noticed more; the strategy finds the others only, which is half of what is liked."""
    rng = np.random.default_rng(0)
    users, items = 4_000, 20
    popular = np.arange(items) < items / 2
    noticed = np.where(popular, 0.8, 0.2)
    observed = (rng.random((users, items)) < noticed).astype(float)
    observed[:, 0], observed[:, -1] = 1, 1
    lists = np.tile(np.flatnonzero(~popular), (users, 1))
    users_of = np.where(popular, 800, 200)
    truth = csr_array(observed)
    plain = metrics_at_k(lists, truth, 10)["recall"].mean()
    debiased = debiased_at_k(lists, truth, users_of, 10, power=1)["debiased_recall"].mean()
    assert plain < 0.3
    # each user's own noise leaves a small bias of the ratio
    assert 0.45 < debiased < 0.6


def test_a_power_below_zero_is_refused():
    with pytest.raises(ContractError, match="power -1"):
        debiased_at_k(np.array([[0]]), relevant([0]), USERS_OF, 1, power=-1)
