"""What restating has changed, worked out by hand."""

import datetime as dt

import polars as pl

from interest_platform.segments.difference import Segments, differences

WEEK = [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8)]


def segments(events, users) -> Segments:
    texts = pl.List(pl.String)
    columns = {"window_start": pl.Datetime("us"), "kind": pl.String, "parents": texts, "children": texts}
    told = {"window_start": pl.Datetime("us"), "user_key": pl.String, "segment_id": pl.String}
    rows = [(WEEK[0], user, segment) for user, segment in users.items()]
    return Segments(pl.DataFrame(events, columns, orient="row"), pl.DataFrame(rows, told, orient="row"))


def test_ids_events_and_users_who_are_elsewhere_are_told_by_window():
    before = segments([(WEEK[0], "birth", [], ["s1"])], {"ann": "s1", "bob": "s1", "cat": "s2"})
    after = segments([(WEEK[0], "survive", ["s1"], ["s1"])], {"ann": "s1", "bob": "s3", "dan": "s3"})
    first, second = differences(WEEK, before, after)
    assert (first.ids_gone, first.ids_new, first.users) == (["s2"], ["s3"], 1)
    assert first.events_gone == [("birth", (), ("s1",))] and first.events_new == [("survive", ("s1",), ("s1",))]
    assert first.is_any and not second.is_any


def test_nothing_changed_is_no_difference():
    told = segments([(WEEK[0], "birth", [], ["s1"])], {"ann": "s1"})
    assert not any(each.is_any for each in differences(WEEK, told, told))
