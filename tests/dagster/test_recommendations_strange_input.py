"""What there is too little of, or too much asked: lists as far as they go, and one clear line."""

import os
from unittest import mock

import polars as pl
import pytest
from recommending_line import CONFIG, GROUPS, ITEMS, LISTS, STRATEGIES, USERS, Home, planted

from interest_platform.commands.recommend import recommend
from interest_platform.domain.recommendation_tables import (
    RECOMMENDATION_METRICS,
    RECOMMENDATION_OUTCOMES,
    RECOMMENDATIONS,
)
from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.errors import InterestError, LakeError
from interest_platform.recommendation.ease import Ease

pytestmark = pytest.mark.slow


def test_one_user_in_one_window_has_nothing_new_to_be_offered(tmp_path):
    one = planted().filter((pl.col("user_id") == "user-001") & (pl.col("ts") < pl.datetime(2024, 1, 8)))
    home = Home(tmp_path, one.with_columns(rating=3.0), CONFIG.replace("2024-01-29", "2024-01-08"))
    home.run()
    assert home.read(RAW_TEXTS)["rating"].to_list() == [3.0, 3.0]
    for table in (RECOMMENDATIONS, RECOMMENDATION_OUTCOMES, RECOMMENDATION_METRICS):
        assert home.read(table).is_empty()
        assert home.lake.loaded_windows(table.name, home.windows) == home.windows


def test_ratings_that_are_all_equal_or_all_different_change_no_list(recommended, tmp_path):
    home = recommended.copy(tmp_path)
    for number in range(4):
        texts = home.read(RAW_TEXTS, number)
        home.put(
            number,
            RAW_TEXTS.name,
            texts.with_columns(rating=pl.lit(5.0) if number % 2 else pl.int_range(pl.len()).cast(pl.Float64)),
        )
    home.run(*LISTS)
    assert (
        home.read(RECOMMENDATIONS).drop("lake_version").equals(recommended.read(RECOMMENDATIONS).drop("lake_version"))
    )


def test_lists_longer_than_the_catalogue_hold_all_that_is_new_to_the_user(recommended, tmp_path):
    home = recommended.copy(tmp_path)
    home.configure(CONFIG.replace("top: 5", "top: 1000, diversity: {method: mmr, pool: 2000}"))
    home.recommend()
    lists = home.read(RECOMMENDATIONS, 3).filter(pl.col("strategy").is_in(["recently-popular", "content"]))
    lengths = lists.group_by("user_key", "strategy").agg(n=pl.len(), distinct=pl.col("item_id").n_unique())
    assert (lengths["n"] == lengths["distinct"]).all()
    content = lengths.filter(pl.col("strategy") == "content")["n"]
    assert (content.len(), content.min(), content.max()) == (USERS, GROUPS * ITEMS - 8, GROUPS * ITEMS)
    outcomes = home.read(RECOMMENDATION_OUTCOMES, 3)
    assert outcomes["k"].unique().to_list() == [1000]
    # every item is in the list sooner or later, but those that nobody knew
    assert outcomes.filter(pl.col("strategy") == "content")["recall"].min() > 0.4


def test_a_strategy_that_is_refused_leaves_the_others_their_lists_and_says_why(recommended, tmp_path):
    home = recommended.copy(tmp_path)
    with mock.patch.object(Ease.__init__, "__defaults__", (300.0, 10)):  # a catalogue of more than 10 items is refused
        home.recommend()
    assert sorted(home.read(RECOMMENDATIONS, 3)["strategy"].unique()) == ["content", "recently-popular"]
    told = home.told("recommendations")["2024-01-22"]
    assert [line.split(":")[0] for line in told["refused"]] == ["ease", "segment-smoothed", "hybrid"]
    assert "at most 10 fit (memory grows with their square): use als or item-knn" in told["refused"][0]
    assert set(home.read(RECOMMENDATION_OUTCOMES, 3)["strategy"]) == {"content", "recently-popular"}
    assert home.read(RECOMMENDATION_METRICS, 3).filter(pl.col("metric") == "gate").is_empty()


def test_who_asks_for_an_unknown_user_strategy_or_window_is_told_in_one_line(recommended, tmp_path):
    with mock.patch.dict(os.environ, recommended.environ):
        with pytest.raises(InterestError, match=r"^user 'nobody' has no text in any window: give an id"):
            recommend("nobody")
        with pytest.raises(
            LakeError, match=r"^--strategy als: it made no lists after 2024-01-22; there are those of content, ease"
        ):
            recommend("user-001", strategy="als")
        with pytest.raises(InterestError, match=r"^window '2024-01-02' is none of the grid's"):
            recommend("user-001", window="2024-01-02")


def test_a_user_from_whom_all_is_hidden_is_told_to_have_no_list(recommended, tmp_path):
    rows = [f"item-{group}-{n:02d},user-001,planted" for group in range(GROUPS) for n in range(ITEMS)]
    (tmp_path / "hidden.csv").write_text("\n".join(["item_id,user_id,source", *rows]))
    home = recommended.copy(tmp_path, ", filters: [hidden.csv]")
    home.run(*LISTS)
    lists = home.read(RECOMMENDATIONS, 3)
    assert sorted(lists["strategy"].unique()) == STRATEGIES
    assert lists["user_key"].n_unique() == USERS - 1
    with (
        mock.patch.dict(os.environ, home.environ),
        pytest.raises(InterestError, match=r"^user [0-9a-f]{64} has no list"),
    ):
        recommend("user-001")
