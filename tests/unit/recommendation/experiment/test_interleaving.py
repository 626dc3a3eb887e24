from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.interleaving import (
    Interleaved,
    balanced,
    balanced_credit,
    preference,
    team_draft,
)

A, B = ("a", "b", "c", "d"), ("b", "e", "a", "f")


class Coins:
    """A generator whose coins are known: True is heads, a first."""

    def __init__(self, heads: tuple[bool, ...]) -> None:
        self.heads = iter(heads)

    def random(self) -> float:
        return 0.0 if next(self.heads) else 0.9


def drafts(a, b, k):
    return [team_draft(a, b, k, Coins(heads)) for heads in product((True, False), repeat=k)]


def test_a_draft_is_worked_out_by_hand():
    # a first: a takes a, b takes b; then b first: b takes e, a takes c
    assert team_draft(A, B, 4, Coins((True, False))) == Interleaved(("a", "b", "e", "c"), (1, -1, -1, 1))


def test_teams_are_equal_to_within_one_and_no_item_is_shown_twice():
    for k in range(1, 7):
        for draft in drafts(A, B, k):
            assert len(set(draft.items)) == len(draft.items) == k
            assert abs(sum(draft.teams)) == k % 2


def test_each_item_of_a_team_is_its_best_that_was_left():
    for draft in drafts(A, B, 6):
        for place, (item, team) in enumerate(zip(draft.items, draft.teams, strict=True)):
            assert item == next(i for i in (A if team > 0 else B) if i not in draft.items[:place])


@pytest.mark.parametrize(("a", "b"), [(A, B), (A, A), (A, (*A[1:], "x"))])
def test_a_user_who_clicks_by_rank_alone_prefers_nobody(a, b):
    for rank in range(3):
        assert sum(draft.credit({draft.items[rank]}) for draft in drafts(a, b, 4)) == 0


def test_balanced_interleaving_prefers_the_shifted_ranking_of_a_random_user():
    # the known fault that team draft was made for: b is a with its first item last
    a, b = ("a", "b", "c", "d"), ("b", "c", "d", "a")
    credits = []
    for first in (True, False):
        shown = balanced(a, b, 4, first)
        credits += [np.sign(balanced_credit(a, b, shown, {item})) for item in shown]
    assert sum(credits) < 0


def test_a_balanced_list_is_worked_out_by_hand():
    assert balanced(A, B, 4, True) == ("a", "b", "e", "c")
    assert balanced(A, B, 4, False) == ("b", "a", "e", "c")
    # the lowest click is e, b's second: of a's top two only b was clicked, of b's both
    assert balanced_credit(A, B, ("a", "b", "e", "c"), {"b", "e"}) == -1
    assert balanced_credit(A, B, ("a", "b"), set()) == 0


def test_credits_change_sign_when_the_rankings_are_exchanged():
    credits = np.array([3, 1, 0, -2, 5, 1, 1])
    one, other = preference(credits), preference(-credits)
    assert (one.wins, one.losses, one.ties) == (other.losses, other.wins, other.ties) == (5, 1, 1)
    assert one.share == pytest.approx(1 - other.share) and one.low == pytest.approx(1 - other.high)


def test_the_sign_test_and_its_interval_are_scipys():
    told = binomtest(60, 100)
    found = preference(np.repeat([1, -1, 0], [60, 40, 30]))
    assert found.p_value == pytest.approx(told.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(told.proportion_ci(method="wilson")))


def test_where_all_are_ties_nothing_is_known():
    found = preference(np.zeros(5))
    assert (found.share, found.low, found.high, found.p_value, found.ties) == (0.5, 0, 1, 1, 5)


def test_short_rankings_give_short_lists():
    assert len(team_draft(("a",), ("b",), 10, np.random.default_rng(0)).items) == 2
    assert len(team_draft(("a",), ("a",), 10, np.random.default_rng(0)).items) == 1


def test_wrong_input_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ExperimentError, match="ranking b is empty"):
        team_draft(A, (), 3, rng)
    with pytest.raises(ExperimentError, match="ranking a has an item twice"):
        team_draft(("a", "a"), B, 3, rng)
    with pytest.raises(ExperimentError, match="k is 0"):
        team_draft(A, B, 0, rng)
    with pytest.raises(ExperimentError, match="credits has shape"):
        preference(np.array([]))
