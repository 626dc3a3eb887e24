"""Most popular, recently popular, and popular in segments, by hand."""

import numpy as np
import pytest
from recommending import context, dealt

from interest_platform.recommendation.decayed_popular import DecayedPopular, decayed_users
from interest_platform.recommendation.popular import Popular, RecentlyPopular
from interest_platform.recommendation.segment_popular import (
    NO_DIFFERENCE,
    SegmentPopular,
    SegmentRecentlyPopular,
    estimated_prior,
)
from interest_platform.recommendation.trending import Trending

ALL = np.arange(3)


def test_popular_counts_users_and_not_how_often():
    told = context(dealt(("u", "a"), ("u", "a", 2), ("u", "b"), ("v", "b")), items="c")
    fitted = Popular().fit(told)
    assert fitted.scores(np.array([0])).tolist() == [[1, 2, -np.inf]]
    assert fitted.reasons(0, np.array([1, 0])) == ["popular: chosen by 2 users", "popular: chosen by 1 user"]


def test_recently_popular_puts_what_is_older_behind_whatever_its_number():
    frame = dealt(
        ("u", "a", 30), ("v", "a", 30), ("w", "a", 30), ("u", "b", 7), ("v", "c", 3), ("w", "c", 2), ("w", "d", 8)
    )
    fitted = RecentlyPopular().fit(context(frame))
    assert fitted.scores(np.array([0])).tolist() == [[0.75, 1, 2, 0.25]]
    assert fitted.reasons(0, np.array([2, 0])) == ["popular in the last 7 days", "popular: chosen by 3 users"]
    assert RecentlyPopular(days=1).fit(context(frame)).scores(np.array([0])).argmax() == 0


def test_decayed_users_count_half_for_each_half_life_by_hand():
    told = context(dealt(("u", "a", 7), ("v", "a", 14), ("u", "b", 0.5), ("v", "b", 28)), items="c").interactions
    np.testing.assert_allclose(decayed_users(told, 7), [1 / 2 + 1 / 4, 2 ** (-1 / 14) + 1 / 16, 0])


def test_decayed_popular_is_the_logarithm_and_weighs_age_in_windows():
    # a week is recent: two windows are a half-life of 14 days; t = (1/2 + 1/2 + 1/4) / 3
    frame = dealt(("u", "a", 14), ("v", "a", 14), ("w", "b", 28))
    fitted = DecayedPopular(windows=2).fit(context(frame, items="c"))
    still = 1.25 / 3
    expected = [np.log(1 + still), np.log(0.25 + still), -np.inf]
    np.testing.assert_allclose(fitted.scores(ALL[:1])[0], expected, rtol=1e-6)
    assert fitted.reasons(0, np.array([0])) == ["popular: chosen by 2 users"]
    month = DecayedPopular(windows=2).fit(context(frame, items="c", recent_days=30.0)).scores(ALL[:1])[0]
    assert month[0] - month[1] < expected[0] - expected[1], "with longer windows age says less"


def test_an_old_favourite_goes_below_what_more_users_choose_of_late():
    frame = dealt(*[(f"u{n}", "old", 300) for n in range(9)], *[(f"v{n}", "new", 2) for n in range(6)])
    columns = ["new", "old"]
    assert columns[Popular().fit(context(frame)).scores(ALL[:1]).argmax()] == "old"
    assert columns[DecayedPopular().fit(context(frame)).scores(ALL[:1]).argmax()] == "new"


def test_trending_is_the_recent_share_of_an_items_users_shrunk_to_that_of_all_by_hand():
    # half-life 14 days: o = a 1/2 + 1/2, b 1/2 + 1/4 + 1/4; t = 2 / 5
    frame = dealt(("u", "a", 14), ("v", "a", 14), ("u", "b", 14), ("v", "b", 28), ("w", "b", 28))
    fitted = Trending(windows=2, prior=5).fit(context(frame, items="c"))
    expected = [np.log((1 + 5 * 0.4) / (2 + 5)), np.log((1 + 5 * 0.4) / (3 + 5)), -np.inf]
    np.testing.assert_allclose(fitted.scores(ALL[:1])[0], expected, rtol=1e-6)
    assert fitted.reasons(0, np.array([0, 1])) == ["on the rise", "popular: chosen by 3 users"]


def test_one_recent_user_makes_no_trend_where_many_do():
    frame = dealt(
        ("u", "one", 1), *[(f"v{n}", "many", 1) for n in range(20)], *[(f"w{n}", "past", 200) for n in range(50)]
    )
    scores = dict(zip(["many", "one", "past"], Trending().fit(context(frame)).scores(ALL[:1])[0], strict=True))
    assert scores["many"] > scores["one"] > scores["past"]


def test_segment_popularity_is_smoothed_to_all_users_by_hand():
    # users u, v in s1, w in s2; counts s1: a 2, b 1; s2: b 1; all: a 1/2, b 1/2
    told = context(
        dealt(("u", "a"), ("v", "a"), ("v", "b"), ("w", "b")),
        segment_ids=("s1", "s2"),
        segments=np.array([[1, 0], [1, 0], [0, 1]], np.float32),
    )
    fitted = SegmentPopular(prior=2.0).fit(told)
    s1, s2 = [(2 + 1) / (3 + 2), (1 + 1) / (3 + 2)], [(0 + 1) / (1 + 2), (1 + 1) / (1 + 2)]
    np.testing.assert_allclose(fitted.scores(ALL), 1000 * np.array([s1, s1, s2]), rtol=1e-6)
    assert fitted.reasons(2, np.array([1])) == ["popular in your segment s2"]


def test_a_user_of_two_segments_is_between_them_and_one_of_none_is_as_all():
    frame = dealt(("u", "a"), ("v", "b"), ("v", "a"), ("w", "b"), ("w", "c"))
    shares = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    fitted = SegmentPopular(prior=3.0).fit(
        context(frame, users="x", segment_ids=("s1", "s2"), segments=np.vstack([shares, [[0, 0]]]))
    )
    scores = fitted.scores(np.arange(4))
    np.testing.assert_allclose(scores[2], (scores[0] + scores[1]) / 2, rtol=1e-6)
    np.testing.assert_allclose(scores[3], 1000 * np.array([0.4, 0.4, 0.2]), rtol=1e-6)
    assert fitted.reasons(3, np.array([0])) == ["popular among all users"]


def test_popular_in_segments_of_late_leaves_older_items_out():
    told = context(dealt(("u", "a", 30), ("u", "b", 1), ("v", "b", 2)))
    assert np.isneginf(SegmentRecentlyPopular().fit(told).scores(ALL[:2])[:, 0]).all()


@pytest.mark.parametrize("true", [100, 1_000])
def test_the_prior_is_found_from_segments_drawn_with_it(true):
    g = np.random.default_rng(0)
    shares = g.dirichlet(np.full(50, 20.0))
    counts = np.array([g.multinomial(3_000, g.dirichlet(true * shares)) for _ in range(60)], float)
    assert estimated_prior(counts, counts.sum(axis=0) / counts.sum()) == pytest.approx(true, rel=0.15)


def test_segments_that_differ_by_chance_alone_and_single_ones_are_smoothed_away():
    equal = np.tile([[30.0, 20.0, 10.0]], (4, 1))
    assert estimated_prior(equal, equal[0] / 60) == NO_DIFFERENCE
    assert estimated_prior(equal[:1], equal[0] / 60) == NO_DIFFERENCE
    assert estimated_prior(np.zeros((3, 3)), np.zeros(3)) == NO_DIFFERENCE
