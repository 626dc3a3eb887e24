from datetime import datetime

import polars as pl
import pytest

from interest_platform.domain.tables import SEGMENT_FEATURES
from interest_platform.domain.windows import Window
from interest_platform.segments import segment_features, segment_id, segment_name

WINDOW = Window(datetime(2024, 1, 8), datetime(2024, 1, 15))


def day(of_january, hour=0):
    return datetime(2024, 1, of_january, hour)


MEMBERS = pl.DataFrame(
    {
        "user_key": ["a", "b", "c"],
        "interest_no": [0, 0, 0],
        "cluster_id": [0, 0, 1],
        "membership": 1.0,
        "distance": 0.0,
    },
    schema_overrides={"interest_no": pl.Int32, "cluster_id": pl.Int32},
)
CLUSTERS = pl.DataFrame(
    {
        "cluster_id": [0, 1],
        "top_terms": [["rail", "train", "ticket", "lyon"], []],
        "size": [2, 1],
        "share": [2 / 3, 1 / 3],
        "centroid": [[1.0, 0.0], [0.0, 1.0]],
    },
    schema_overrides={
        "cluster_id": pl.Int32,
        "size": pl.Int32,
        "centroid": pl.List(pl.Float32),
        "top_terms": pl.List(pl.String),
    },
)
# a wrote twice in the window, b once in it and once before, c only before it; "stranger" has no interest
TEXTS = pl.DataFrame(
    {
        "user_key": ["a", "a", "b", "b", "c", "stranger"],
        "ts": [day(8), day(14), day(10, 12), day(3), day(5), day(9)],
        "item_id": ["i2", "i1", "i1", "i9", "i9", "i1"],
        "rating": [5.0, None, 2.0, 1.0, 4.0, 1.0],
    }
)


def features(texts=TEXTS, members=MEMBERS, clusters=CLUSTERS):
    found = segment_features(clusters, members, texts, WINDOW)
    SEGMENT_FEATURES.check(SEGMENT_FEATURES.conform(found, WINDOW.start), WINDOW.start)
    return found


def test_activity_is_texts_in_the_window_per_user_of_the_segment():
    assert features()["activity"].to_list() == [3 / 2, 0.0]


def test_recency_is_the_mean_of_days_since_each_users_last_text_in_the_lookback():
    # a: 1 day, b: 4.5 days; c wrote last ten days before the end
    assert features()["recency"].to_list() == [2.75, 10.0]


def test_ratings_are_of_this_windows_texts_only():
    assert features()["rating_mean"].to_list() == [3.5, None]


def test_top_items_are_ranked_by_users_of_the_window_not_by_texts():
    often = pl.concat([TEXTS, TEXTS.head(1), TEXTS.head(1)])  # a wrote about i2 three times, a and b about i1
    assert features(often)["top_items"].to_list() == [["i1", "i2"], []]


def test_top_items_are_ten_at_most_and_ties_go_by_item_id():
    texts = pl.DataFrame({"user_key": "a", "ts": day(9), "item_id": [f"i{n:02d}" for n in reversed(range(12))]})
    texts = pl.concat([texts, TEXTS.select("user_key", "ts", "item_id")])
    assert features(texts)["top_items"][0].to_list() == ["i1", *(f"i{n:02d}" for n in range(9))]


def test_id_and_name_come_from_the_window_and_the_top_terms():
    assert features().select("segment_id", "name").rows() == [
        ("w20240108-c00", "rail, train, ticket"),
        ("w20240108-c01", "segment c01"),
    ]
    assert segment_id(WINDOW, 123) == "w20240108-c123"
    assert segment_name(["one"], 3) == "one"


def test_growth_and_retention_are_null_while_segments_have_no_identity():
    assert features().select("growth", "retention").null_count().rows() == [(2, 2)]


def test_a_source_without_items_and_ratings_has_neither():
    found = features(TEXTS.drop("item_id", "rating"))
    assert found["top_items"].to_list() == [[], []]
    assert found["rating_mean"].to_list() == [None, None]


@pytest.mark.parametrize("hour", [0, 1])
def test_the_window_includes_its_start_and_excludes_its_end(hour):
    texts = TEXTS.with_columns(
        ts=pl.when(pl.col("user_key") == "c").then(WINDOW.start if not hour else day(5)).otherwise("ts")
    )
    late = TEXTS.head(1).with_columns(ts=pl.lit(WINDOW.end))
    found = features(pl.concat([texts, late]))
    assert found["activity"].to_list() == [3 / 2, 1.0 if not hour else 0.0]
    assert found["recency"][0] == 2.75


def test_rows_in_any_order_give_the_same_features():
    for seed in range(4):
        assert features(*(f.sample(fraction=1, shuffle=True, seed=seed) for f in (TEXTS, MEMBERS, CLUSTERS))).equals(
            features()
        )


def test_a_user_with_two_interests_counts_in_the_segment_of_the_strongest():
    second = MEMBERS.head(1).with_columns(interest_no=pl.lit(1, pl.Int32), cluster_id=pl.lit(1, pl.Int32))
    assert features(members=pl.concat([second, MEMBERS]))["activity"].to_list() == [3 / 2, 0.0]


def test_an_empty_window_has_no_segments():
    assert features(TEXTS.clear(), MEMBERS.clear(), CLUSTERS.clear()).is_empty()
