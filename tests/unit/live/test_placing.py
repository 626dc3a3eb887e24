from datetime import datetime

import polars as pl
import pytest

from interest_platform.domain.live_tables import PROVISIONAL_SEGMENTS
from interest_platform.domain.windows import Window
from interest_platform.errors import LiveError
from interest_platform.interests import as_lists
from interest_platform.live import OpenWindow, provisional_rows
from interest_platform.segments.segment_map import SegmentMap

BASE, OPEN = (Window(datetime(2024, 1, d), datetime(2024, 1, d + 7)) for d in (1, 8))
AS_OF = datetime(2024, 1, 10)
OPENED = OpenWindow(OPEN, BASE, AS_OF, (BASE,), (Window(OPEN.start, AS_OF),))


def places(encoder="e"):
    clusters = {"cluster_id": [0, 1], "size": [3, 1], "cohesion": [0.9, 0.9], "centroid": [[1.0, 0.0], [0.0, 1.0]]}
    identities = {"cluster_id": [0, 1], "segment_id": ["s0001", "s0002"], "name": ["left", "up"]}
    return SegmentMap.of(BASE, encoder, pl.DataFrame(clusters), pl.DataFrame(identities))


def interests(rows):
    """(user, number, weight, vector, text hashes) each."""
    users, numbers, weights, vectors, hashes = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "user_key": users,
            "interest_no": pl.Series(numbers, dtype=pl.Int32),
            "weight": weights,
            "vector": pl.Series(vectors, dtype=pl.List(pl.Float32)),
            "text_hashes": pl.Series(hashes, dtype=pl.List(pl.String)),
            "encoder": ["e"] * len(rows),
        }
    )


TEXTS = pl.DataFrame({"user_key": ["a", "a", "b", "b"], "text_hash": ["t2", "t1", "t3", "t3"]})
BEFORE = pl.DataFrame({"user_key": ["a"], "segment_id": ["s0002"]})


def placed(rows, before=BEFORE, texts=TEXTS, where=None):
    return provisional_rows(interests(rows), texts, before, where or places(), OPENED)


def test_who_stood_elsewhere_and_who_is_new_are_placed_by_the_base_windows_segments():
    found = placed([("a", 0, 1.0, [1.0, 0.0], None), ("b", 0, 1.0, [0.6, 0.8], None)])
    assert found.select("user_key", "segment_id", "previous_segment_id").rows() == [
        ("a", "s0001", "s0002"),
        ("b", "s0002", None),
    ]
    assert found["cosine"].to_list() == pytest.approx([1.0, 0.8])
    assert found["membership"][0] > 0.9
    assert found["new_text_hashes"].to_list() == [["t1", "t2"], ["t3"]]
    assert found["n_new_texts"].to_list() == [2, 1]
    assert set(found["as_of"]) == {AS_OF} and set(found["base_window_start"]) == {BASE.start}


def test_each_interest_of_a_user_has_its_own_segment_and_its_own_new_texts():
    found = placed([("a", 0, 0.7, [1.0, 0.0], ["t0", "t1"]), ("a", 1, 0.3, [0.0, 1.0], ["t2"])])
    assert found["segment_id"].to_list() == ["s0001", "s0002"]
    assert found["previous_segment_id"].to_list() == ["s0002", "s0002"]
    assert found["new_text_hashes"].to_list() == [["t1"], ["t2"]]


def test_an_interest_of_earlier_texts_alone_has_no_new_text():
    found = placed([("a", 0, 0.7, [1.0, 0.0], ["t1", "t2"]), ("a", 1, 0.3, [0.0, 1.0], ["t0"])])
    assert found["new_text_hashes"].to_list() == [["t1", "t2"], []]
    assert found["n_new_texts"].to_list() == [2, 0]


def test_the_order_of_rows_changes_nothing():
    rows = [("a", 0, 1.0, [1.0, 0.0], None), ("b", 0, 1.0, [0.6, 0.8], None)]
    assert placed(rows).equals(placed(rows[::-1], texts=TEXTS.reverse()))


def test_nobody_wrote():
    none = interests([("a", 0, 1.0, [1.0, 0.0], None)]).clear()
    found = provisional_rows(none, TEXTS.clear(), BEFORE, places(), OPENED).with_columns(lake_version=pl.lit(1))
    assert PROVISIONAL_SEGMENTS.conform(found, OPEN.start).is_empty()


def test_interests_of_another_encoder_are_refused():
    with pytest.raises(LiveError, match=r"segments of \[2024-01-01.* are of older, texts are now encoded by e"):
        placed([("a", 0, 1.0, [1.0, 0.0], None)], where=places("older"))


def test_lists_of_vectors_are_the_tables_own_type():
    assert placed([("a", 0, 1.0, [1.0, 0.0], None)])["vector"].dtype == as_lists(places().centroids).dtype
