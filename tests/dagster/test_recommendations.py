"""Recommendations through Dagster: made of what is known, judged a window later, pooled, gated, and told to MLflow."""

import numpy as np
import polars as pl
import pytest
from recommending_line import ABLATED, CONFIG, GROUPS, ITEMS, STRATEGIES, USERS, WEEKS, Home, planted

from interest_platform.assets.recommendation_ground import ContextReader, context_at
from interest_platform.assets.recommendation_metrics import _findings, _metrics, _of_all
from interest_platform.assets.recommendations import hybrid_weights
from interest_platform.domain.recommendation_tables import (
    ITEM_VECTORS,
    RECOMMENDATION_METRICS,
    RECOMMENDATION_OUTCOMES,
    RECOMMENDATIONS,
)
from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.lake.offers import offers
from interest_platform.tracking import Tracker

pytestmark = pytest.mark.slow


@pytest.fixture
def home(recommended):
    return recommended


def test_each_active_user_has_a_full_list_of_each_strategy_in_every_window_that_knows_enough(home):
    lists = home.lake.read(RECOMMENDATIONS, [home.windows[-1]])
    assert sorted(lists["strategy"].unique()) == STRATEGIES
    lengths = lists.group_by("user_key", "strategy").agg(n=pl.len(), last=pl.col("rank").max())
    assert (lengths["n"] == lengths["last"]).all()
    popular = lengths.filter(pl.col("strategy") == "recently-popular")
    assert popular.height == USERS
    assert set(popular["n"]) == {5}


def test_nobody_is_offered_what_they_have_had(home):
    for window in home.windows:
        had = home.lake.read(RAW_TEXTS, home.settings.grid.lookback(window, WEEKS), columns=["user_key", "item_id"])
        lists = home.lake.read(RECOMMENDATIONS, [window])
        assert lists.join(had.drop_nulls(), on=["user_key", "item_id"], how="semi").is_empty()


def test_every_item_offered_has_a_reason(home):
    assert (home.lake.read(RECOMMENDATIONS)["reason"].str.len_chars() > 0).all()


def test_the_context_of_a_window_is_the_same_with_later_windows_loaded_and_knows_none_of_them(home):
    version, window = home.lake.version(), home.windows[1]
    known = context_at(home.lake, window, version)
    assert known.interactions.counts.sum() == (USERS - 1) * 2 * 2
    assert known.interactions.ages.data.min() > 0
    assert known.segments.sum(axis=1) == pytest.approx(1)


def test_weights_of_a_window_are_the_same_in_a_run_of_many_and_alone_and_learn_from_nothing_later(home):
    given, version, lessons = home.settings.config.recommendation, home.lake.version(), {}
    together = [hybrid_weights(ContextReader(home.lake), given, window, version, lessons) for window in home.windows]
    alone = [hybrid_weights(ContextReader(home.lake), given, window, version, {}) for window in home.windows]
    assert together == alone
    assert set(together[0].values()) == {1 / len(given.parts)}
    assert len(set(together[-1].values())) > 1
    assert list(lessons) == home.windows
    shorter = given.model_copy(update={"learn": 2})
    hybrid_weights(ContextReader(home.lake), shorter, home.windows[-1], version, lessons)
    assert list(lessons) == home.windows[-2:]


def test_items_lie_where_the_texts_about_them_do(home):
    items = home.lake.read(ITEM_VECTORS, [home.windows[-1]])
    assert items.height <= GROUPS * ITEMS
    for item, vector in items.select("item_id", "vector").iter_rows():
        assert int(np.argmax(vector)) == int(item.split("-")[1])


def test_lists_are_judged_one_window_later_by_users_who_took_up_something_new(home):
    assert home.lake.read(RECOMMENDATION_OUTCOMES, [home.windows[0]]).is_empty()
    rows = home.lake.read(RECOMMENDATION_OUTCOMES, [home.windows[2]])
    assert sorted(rows["strategy"].unique()) == sorted(STRATEGIES + ABLATED)
    assert rows["user_key"].n_unique() == USERS - 1
    one = rows.filter(pl.col("strategy") == "content").row(0, named=True)
    lists = home.lake.read(RECOMMENDATIONS, [home.windows[1]]).filter(
        (pl.col("user_key") == one["user_key"]) & (pl.col("strategy") == "content")
    )
    took = home.lake.read(RAW_TEXTS, [home.windows[2]]).filter(pl.col("user_key") == one["user_key"])["item_id"]
    hits = [rank for rank, item in lists.select("rank", "item_id").sort("rank").iter_rows() if item in took.to_list()]
    assert one["recall"] == pytest.approx(len(hits) / 2)
    ideal = 1 + 1 / np.log2(3)
    assert one["ndcg"] == pytest.approx(sum(1 / np.log2(rank + 1) for rank in hits) / ideal)


def test_strategies_that_know_the_groups_beat_popularity_and_metrics_pool_all_windows(home):
    metrics = home.lake.read(RECOMMENDATION_METRICS, [home.windows[-1]]).filter(pl.col("segment_id").is_null())
    ndcg = dict(metrics.filter(pl.col("metric") == "ndcg").select("strategy", "value").iter_rows())
    assert ndcg["content"] > 1.5 * ndcg["recently-popular"]
    gain = metrics.filter((pl.col("strategy") == "content") & (pl.col("metric") == "ndcg_less_recently-popular"))
    assert gain["ci_low"][0] > 0
    outcomes = home.lake.read(RECOMMENDATION_OUTCOMES)
    mean = outcomes.filter(pl.col("strategy") == "ease")["ndcg"].mean()
    assert ndcg["ease"] == pytest.approx(mean)
    assert set(metrics.filter(pl.col("metric") == "ndcg")["protocol"]) == {
        "fitted up to a window, judged in the next, full ranking, pooled over 3 windows"
    }


def test_how_much_of_the_catalogue_the_windows_lists_show_is_told(home):
    metrics = home.lake.read(RECOMMENDATION_METRICS, [home.windows[-1]])
    shown = dict(metrics.filter(pl.col("metric") == "coverage").select("strategy", "value").iter_rows())
    assert sorted(shown) == sorted(STRATEGIES + ABLATED)
    assert 0 < shown["recently-popular"] < shown["content"] <= 1


def test_a_strategy_that_is_no_longer_named_and_one_without_lists_stop_nothing(home):
    given = home.settings.config.recommendation.model_copy(update={"strategies": ("hybrid",)})
    rows = home.lake.read(RECOMMENDATION_OUTCOMES).rename({"window_start": "window_end"})
    kept = _of_all(rows.filter((pl.col("strategy") != "content") | (pl.col("user_key") > "8")), given)
    assert set(kept["strategy"]) == {"recently-popular", "ease", "hybrid"}
    assert _metrics(kept, given).height > 0
    lacking = home.settings.config.recommendation.model_copy(update={"strategies": ("als",)})
    assert _of_all(rows, lacking).is_empty()
    findings, lines = _findings(_of_all(rows, lacking), lacking, named=True)
    assert not any(finding.passed for finding in findings)
    assert "als" in lines[0]


def test_per_segment_metrics_add_up_to_the_users(home):
    metrics = home.lake.read(RECOMMENDATION_METRICS, [home.windows[1]]).filter(pl.col("metric") == "ndcg")
    of = metrics.filter(pl.col("strategy") == "ease")
    assert of.filter(pl.col("segment_id").is_not_null())["n_users"].sum() == USERS - 1
    assert of.filter(pl.col("segment_id").is_null())["n_users"][0] == USERS - 1


def test_a_strategy_has_a_nested_run_under_its_windows(home):
    from mlflow import MlflowClient

    tracker = Tracker(home.settings)
    client = MlflowClient(tracking_uri=tracker.backend_uri)
    runs = client.search_runs([tracker._experiment_id], "tags.asset LIKE 'recommendation_metrics%'", max_results=1000)
    parents = {r.info.run_id: r.data.tags["partition"] for r in runs if "mlflow.parentRunId" not in r.data.tags}
    assert sorted(parents.values()) == [window.key for window in home.windows]
    nested = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
    assert len(nested) == 3 * len(STRATEGIES + ABLATED)
    assert {r.info.status for r in runs} == {"FINISHED"}
    for run in nested:
        assert parents[run.data.tags["mlflow.parentRunId"]] == run.data.tags["partition"]
        assert 0 <= run.data.metrics["ndcg"] <= 1


def test_the_list_that_is_shown_is_of_a_strategy_that_passed_else_of_recently_popular(home):
    user = home.lake.read(RECOMMENDATIONS, [home.windows[-1]])["user_key"][0]
    metrics = home.lake.read(RECOMMENDATION_METRICS, [home.windows[-1]])
    passed = metrics.filter((pl.col("metric") == "gate") & (pl.col("value") == 1))["strategy"].to_list()
    found = offers(home.lake, user)
    assert found.strategy in (passed or ["recently-popular"])
    assert found.rows["rank"].to_list() == [1, 2, 3, 4, 5]
    assert offers(home.lake, user, "content").strategy == "content"


def test_texts_that_name_no_item_leave_the_tables_empty(tmp_path):
    frame = planted().with_columns(item_id=pl.lit(None, pl.String))
    found = Home(tmp_path, frame, CONFIG.replace("2024-01-29", "2024-01-15"))
    found.run()
    for table in (ITEM_VECTORS, RECOMMENDATIONS, RECOMMENDATION_OUTCOMES, RECOMMENDATION_METRICS):
        assert found.lake.read(table).is_empty()
        assert found.lake.loaded_windows(table.name, found.windows) == found.windows
    found.lake.close()
