from datetime import datetime, timedelta

import polars as pl
import pytest

from interest_platform.domain.windows import Window
from interest_platform.recommendation.experiment.segments import with_segments

START, WEEK = datetime(2024, 1, 1), timedelta(days=7)
WINDOWS = [Window(START + n * WEEK, START + (n + 1) * WEEK) for n in range(2)]
SEGMENTS = pl.DataFrame(
    {
        "window_start": [START, START + WEEK],
        "user_key": ["u", "u"],
        "segment_id": ["s0001", "s0002"],
    },
    schema_overrides={"window_start": pl.Datetime("us")},
)


def known(ts, user="u", **more):
    frame = pl.DataFrame({"user_key": [user], "ts": [ts]} | more, schema_overrides={"ts": pl.Datetime("us")})
    return with_segments(frame, WINDOWS, SEGMENTS)["segment_id"].to_list()


@pytest.mark.parametrize(
    ("ts", "segment"),
    [
        (START + WEEK - timedelta(microseconds=1), None),
        (START + WEEK, "s0001"),
        (START + 2 * WEEK - timedelta(microseconds=1), "s0001"),
        (START + 2 * WEEK, "s0002"),
        (START + 9 * WEEK, "s0002"),
    ],
)
def test_the_segment_is_that_of_the_newest_window_that_was_over(ts, segment):
    assert known(ts) == [segment]


def test_a_user_that_the_window_does_not_have_is_in_none():
    assert known(START + WEEK, user="other") == [None]


def test_a_segment_that_is_given_stays():
    assert known(START + WEEK, segment_id=["s0009"]) == ["s0009"]


def test_rows_stay_in_their_order_and_their_columns():
    frame = pl.DataFrame(
        {"user_key": ["u", "u"], "ts": [START + 2 * WEEK, START + WEEK], "variant": ["b", "a"]},
        schema_overrides={"ts": pl.Datetime("us")},
    )
    found = with_segments(frame, WINDOWS, SEGMENTS)
    assert found.columns == ["user_key", "ts", "variant", "segment_id"]
    assert found.select("variant", "segment_id").rows() == [("b", "s0002"), ("a", "s0001")]


def test_without_a_window_nobody_is_in_a_segment():
    frame = pl.DataFrame({"user_key": ["u"], "ts": [START]}, schema_overrides={"ts": pl.Datetime("us")})
    assert with_segments(frame, [], SEGMENTS.clear())["segment_id"].to_list() == [None]
