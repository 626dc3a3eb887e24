"""Lists against sorting the whole."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from interest_platform.errors import StrategyError
from interest_platform.recommendation import top as module
from interest_platform.recommendation.top import best_of, top


class Given:
    """A strategy whose scores are given."""

    def __init__(self, scores):
        self.given, self.asked = np.asarray(scores, np.float32), []

    def scores(self, rows):
        self.asked.append(len(rows))
        return self.given[rows]

    def reasons(self, row, items):
        return ["given"] * len(items)


def sorted_whole(scores, n):
    order = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    return np.where(np.isfinite(np.take_along_axis(scores, order, 1)), order, -1)


@pytest.mark.parametrize("m", [1, 9, 10, 320, 321, 1_007, 5_000])
@pytest.mark.parametrize("values", [2, 50, 10**6])
def test_lists_are_those_of_a_stable_sort_whatever_the_ties(m, values):
    g = np.random.default_rng(m + values)
    scores = g.integers(0, values, (23, m)).astype(np.float32)
    scores[g.random((23, m)) < 0.2] = -np.inf
    scores[0], scores[1] = -np.inf, 7
    expected = sorted_whole(scores, 10)
    items, best = best_of(scores, 10)
    np.testing.assert_array_equal(items[:, : expected.shape[1]], expected)
    np.testing.assert_array_equal(items[:, expected.shape[1] :], -1)
    np.testing.assert_array_equal(np.isneginf(best), items < 0)


def test_seen_blocked_and_out_of_stock_are_in_no_list():
    fitted = Given([[5, 4, 3, 2, 1], [5, 4, 3, 2, 1], [5, 4, 3, 2, 1]])
    seen = csr_array(np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], float))
    blocked = csr_array(np.array([[0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool))
    found = top(fitted, np.array([2, 0, 1]), 3, [seen, blocked], np.array([0, 0, 0, 1, 0], bool))
    assert found.items.tolist() == [[-1, -1, -1], [1, 4, -1], [0, 2, 4]]
    assert found.scores.tolist() == [[-np.inf] * 3, [4, 1, -np.inf], [5, 3, 1]]
    assert fitted.given.tolist() == [[5, 4, 3, 2, 1]] * 3, "the strategy's own scores are not written to"


def test_a_stored_zero_hides_nothing():
    seen = csr_array((np.array([0.0]), (np.array([0]), np.array([1]))), shape=(1, 2))
    assert top(Given([[1, 2]]), np.array([0]), 1, [seen]).items.tolist() == [[1]]


def test_blocks_change_no_list_and_bound_what_is_asked_for_at_a_time(monkeypatch):
    scores = np.random.default_rng(0).normal(size=(57, 40))
    whole = top(Given(scores), np.arange(57), 4)
    monkeypatch.setattr(module, "CELLS", 400)
    fitted = Given(scores)
    np.testing.assert_array_equal(top(fitted, np.arange(57), 4).items, whole.items)
    assert max(fitted.asked) == 10


@pytest.mark.parametrize(("users", "items"), [(0, 5), (3, 0), (0, 0), (3, 2)])
def test_no_users_no_items_and_fewer_items_than_asked_for(users, items):
    found = top(Given(np.ones((users, items))), np.arange(users), 4)
    assert found.items.shape == found.scores.shape == (users, 4)
    assert ((found.items >= 0).sum(axis=1) == items).all()


@pytest.mark.parametrize("n", [0, -1])
def test_a_list_of_nothing_is_refused(n):
    with pytest.raises(StrategyError, match=f"a list of {n} items"):
        top(Given([[1]]), np.array([0]), n)
