"""The leak test fails what reads the future, wherever it reads it, and passes what does not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from rolling_world import WEEKS, context_of, history

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.leak import leak_test, planted
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.strategies import load_strategy

WINDOW = WEEKS[3]
HONEST = ["popular", "recently-popular", "segment-popular", "item-knn", "ease", "segment-smoothed", "hybrid"]


class Scored:
    """Scores that are given, (n, m)."""

    def __init__(self, all_scores):
        self.all_scores = all_scores

    def scores(self, rows):
        return self.all_scores[rows]

    def reasons(self, row, items):
        return [""] * len(items)


class ReadsTheLake:
    """A strategy that looks up what users will do in all that ever happened."""

    name = "reads-the-lake"

    def __init__(self, happened):
        self.happened = happened

    def fit(self, context):
        known = context.interactions
        late = self.happened.filter((pl.col("ts") >= context.end) & pl.col("item_id").is_in(list(known.items)))
        future = np.zeros(known.counts.shape, np.float32)
        rows = np.searchsorted(known.users, late["user_key"].to_numpy().astype(object))
        future[rows, np.searchsorted(known.items, late["item_id"].to_numpy().astype(object))] = 1
        return Scored(self.scored(future))

    def scored(self, future):
        return future


class PopularLater(ReadsTheLake):
    """Knows only which items will be popular, not with whom."""

    name = "popular-later"

    def scored(self, future):
        return np.tile(future.sum(axis=0), (len(future), 1))


class FollowsSegments:
    """An honest strategy: what the user's segment says of items is all it knows."""

    name = "follows-segments"

    def fit(self, context):
        shares = context.segments
        return Scored((shares @ (shares.T @ context.interactions.counts.toarray())).astype(np.float32))


def honest(name):
    return lambda happened: load_strategy(name)


@pytest.mark.parametrize("name", HONEST)
def test_honest_strategies_pass(name):
    found = leak_test(history(), WINDOW, context_of, honest(name))
    assert not found.leaks
    assert found.users == 60
    # what chance finds of five planted in ten of some thirty items, and no more than its noise
    assert found.found == pytest.approx(found.by_chance, abs=0.6)
    assert "knows nothing of the future: 60 lists are the same" in str(found)


def test_a_strategy_that_reads_what_users_will_do_fails_and_finds_all_of_it():
    found = leak_test(history(), WINDOW, context_of, ReadsTheLake)
    assert found.leaks
    assert found.changed_context == ()
    assert (found.changed_lists, found.found) == (60, 5)
    assert "reads-the-lake knows the future: 60 of 60 lists change with it, 5.00 planted items" in str(found)


def test_a_strategy_that_only_knows_what_will_be_popular_fails():
    assert leak_test(history(), WINDOW, context_of, PopularLater).changed_lists > 30


def segments_of_the_next_window(happened, window):
    """Segments as known a window too late: each user's is told by an item that the user will deal with."""
    context = context_of(happened, window)
    later = happened.filter(pl.col("ts") >= window.end).sort("ts").group_by("user_key").agg(pl.col("item_id").first())
    after = dict(later.rows())
    which = [sum(map(ord, after[user])) % 3 for user in context.interactions.users]
    return replace(context, segments=np.eye(3, dtype=np.float32)[which])


def test_segments_of_the_next_window_fail_what_uses_them_and_are_named():
    found = leak_test(history(), WINDOW, segments_of_the_next_window, lambda happened: FollowsSegments())
    assert found.leaks and found.changed_lists
    assert found.changed_context == ("segments",)
    assert "knows the future, in the context's segments" in str(found)


def test_a_context_that_leaks_fails_even_where_the_strategy_does_not_look():
    found = leak_test(history(), WINDOW, segments_of_the_next_window, honest("popular"))
    assert found.leaks and found.changed_lists == 0


def test_a_catalogue_with_items_that_have_not_appeared_fails():
    def catalogue_of_all_time(happened, window):
        known = Interactions.of(happened.filter(pl.col("ts") < window.end), window.end, items=happened["item_id"])
        return replace(context_of(happened, window), interactions=known)

    found = leak_test(history(), WINDOW, catalogue_of_all_time, honest("popular"))
    assert "items" in found.changed_context


def test_a_context_that_measures_age_from_the_last_row_of_all_fails():
    def late_now(happened, window):
        now = happened["ts"].max()
        known = Interactions.of(happened.filter(pl.col("ts") < window.end), now)
        return replace(context_of(happened, window), interactions=known)

    assert leak_test(history(), WINDOW, late_now, honest("popular")).changed_context == ("ages",)


def test_what_is_planted_is_new_to_the_user_and_after_the_end_and_the_past_is_kept():
    frame = history()
    world = planted(frame, WINDOW, per_user=4, seed=7)
    past, future = world.filter(pl.col("ts") < WINDOW.end), world.filter(pl.col("ts") >= WINDOW.end)
    assert past.equals(frame.filter(pl.col("ts") < WINDOW.end))
    assert future.join(past, on=["user_key", "item_id"], how="semi").is_empty()
    assert future.group_by("user_key").len()["len"].unique().to_list() == [5]
    assert future["ts"].max() < WEEKS[4].end
    assert world.equals(planted(frame, WINDOW, per_user=4, seed=7))
    assert not world.equals(planted(frame, WINDOW, per_user=4, seed=8))


def test_a_window_without_a_past_is_told():
    with pytest.raises(ContractError, match="nothing happened before"):
        planted(history().filter(pl.col("ts") >= WINDOW.end), WINDOW)
