from datetime import datetime
from typing import NamedTuple

import polars as pl
import pytest

from interest_platform.domain.tables import SEGMENT_FEATURES
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.segments import Segmentation, segment_features, segment_name

WINDOW = Window(datetime(2024, 1, 8), datetime(2024, 1, 15))
LAST = Window(datetime(2024, 1, 1), datetime(2024, 1, 8))


def day(of_january, hour=0):
    return datetime(2024, 1, of_january, hour)


def members_of(*clusters, interest_no=0):
    """Members of clusters 0, 1, ...: every letter is a user."""
    rows = [(user, interest_no, number) for number, users in enumerate(clusters) for user in users]
    kinds = {"user_key": pl.String, "interest_no": pl.Int32, "cluster_id": pl.Int32}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def identities_of(*segments):
    rows = [(number, segment, f"about {segment}") for number, segment in enumerate(segments)]
    kinds = {"cluster_id": pl.Int32, "segment_id": pl.String, "name": pl.String}
    return pl.DataFrame(rows, schema=kinds, orient="row")


MEMBERS = members_of("ab", "c")
IDENTITIES = identities_of("s0007", "s0002")
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


def features(texts=TEXTS, members=MEMBERS, clusters=CLUSTERS, identities=IDENTITIES, before=None):
    found = segment_features(clusters, texts, Segmentation(WINDOW, members, identities), before)
    SEGMENT_FEATURES.check(SEGMENT_FEATURES.conform(found, WINDOW.start), WINDOW.start)
    return found


def last_week(segments, *clusters):
    return Segmentation(LAST, members_of(*clusters), identities_of(*segments))


class Change(NamedTuple):
    """By cluster: s0007 is cluster 0, s0002 cluster 1."""

    growth: list[float | None]
    retention: list[float | None]


def change(before):
    found = features(before=before)
    return Change(found["growth"].to_list(), found["retention"].to_list())


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


def test_id_and_name_are_those_of_the_identities():
    assert features().select("cluster_id", "segment_id", "name").rows() == [
        (0, "s0007", "about s0007"),
        (1, "s0002", "about s0002"),
    ]


def test_a_name_is_made_of_three_terms_or_the_clusters_number():
    assert segment_name(["one"], 3) == "one"
    assert segment_name(["a", "b", "c", "d"], 3) == "a, b, c"
    assert segment_name([], 3) == "segment c03"


def test_growth_is_the_size_over_that_of_the_same_segment_in_the_last_window():
    # s0007 had four members and has two, s0002 had one, then cluster 0, and has one
    assert change(last_week(["s0002", "s0007"], "x", "abyz")).growth == [-0.5, 0.0]


def test_retention_is_the_share_of_its_former_users_that_are_in_it_now():
    # of s0007's a, b, c, z are a and b still there, c went to s0002, z is gone; nobody of s0002 is left
    assert change(last_week(["s0002", "s0007"], "xy", "abcz")).retention == [0.5, 0.0]


def test_a_segment_absent_from_the_last_window_has_neither_growth_nor_retention():
    found = change(last_week(["s0001", "s0007"], "c", "a"))
    assert found == Change(growth=[1.0, None], retention=[1.0, None])


@pytest.mark.parametrize("before", [None, last_week([])])
def test_without_a_last_window_no_segment_has_growth_or_retention(before):
    assert change(before) == Change(growth=[None, None], retention=[None, None])


def test_growth_counts_interests_and_retention_users_by_any_of_theirs():
    # before: a's second interest was all of s0002; now c is all of it, and a has not stayed
    members = pl.concat([members_of("ab"), members_of("", "a", interest_no=1)])
    before = Segmentation(LAST, members, identities_of("s0007", "s0002"))
    assert change(before) == Change(growth=[0.0, 0.0], retention=[1.0, 0.0])


def test_identities_of_another_clustering_are_refused_and_the_error_says_what_to_do():
    for identities in (identities_of("s0007"), identities_of("s0007", "s0002", "s0003"), identities_of()):
        with pytest.raises(ContractError, match=r"its clusters are \[0, 1\]: materialise segment_identities again"):
            features(identities=identities)
    with pytest.raises(
        ContractError, match=r"of \[2024-01-08, 2024-01-15\) name clusters \[0, 1\], its clusters are \[0\]"
    ):
        features(clusters=CLUSTERS.head(1))


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
    before = last_week(["s0002", "s0007"], "xy", "abcz")
    base = features(before=before)
    for seed in range(4):
        mixed = [f.sample(fraction=1, shuffle=True, seed=seed) for f in (TEXTS, MEMBERS, CLUSTERS, IDENTITIES)]
        earlier = [f.sample(fraction=1, shuffle=True, seed=seed) for f in (before.members, before.identities)]
        assert features(*mixed, Segmentation(LAST, *earlier)).equals(base)


def test_a_user_with_two_interests_counts_in_both_segments_each_with_its_own_texts():
    second = MEMBERS.head(1).with_columns(interest_no=pl.lit(1, pl.Int32), cluster_id=pl.lit(1, pl.Int32))
    texts = TEXTS.with_columns(interest_no=pl.Series([0, 1, 0, 0, 0, 0], dtype=pl.Int32))
    found = features(texts, members=pl.concat([second, MEMBERS]))
    # a's text on i1 is of the second interest; c wrote nothing in the window
    assert found["activity"].to_list() == [2 / 2, 1 / 2]
    assert found["top_items"].to_list() == [["i1", "i2"], ["i1"]]


def test_a_segment_that_is_nobodys_strongest_interest_has_users_all_the_same():
    members = MEMBERS.filter(pl.col("cluster_id") == 0)
    second = members.head(1).with_columns(interest_no=pl.lit(1, pl.Int32), cluster_id=pl.lit(1, pl.Int32))
    texts = TEXTS.with_columns(interest_no=pl.Series([0, 1, 0, 0, 0, 0], dtype=pl.Int32))
    found = features(texts, members=pl.concat([second, members]))
    assert found["activity"].to_list() == [2 / 2, 1.0] and found["recency"].null_count() == 0


def test_an_empty_window_has_no_segments():
    nothing = (TEXTS.clear(), MEMBERS.clear(), CLUSTERS.clear(), IDENTITIES.clear())
    assert features(*nothing).is_empty()
    assert features(*nothing, last_week(["s0002"], "xy")).is_empty()
