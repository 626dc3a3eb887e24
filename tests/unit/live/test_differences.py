"""Numbers worked out by hand: five users told, of a window that split one segment, merged two and lost one."""

from datetime import datetime

import polars as pl
import pytest

from interest_platform.domain.windows import Window
from interest_platform.live import Found, Told, differences
from interest_platform.live.descent import descendants

BASE, OPEN = (Window(datetime(2024, 1, d), datetime(2024, 1, d + 7)) for d in (1, 8))
AS_OF = datetime(2024, 1, 13)
EVENTS = [
    ("survive", ["s1"], ["s1"]),
    ("split", ["s2"], ["s6", "s7"]),
    ("merge", ["s3", "s4"], ["s8"]),
    ("death", ["s5"], []),
    ("birth", [], ["s9"]),
]
LEFT, UP = [1.0, 0.0], [0.0, 1.0]


def told(rows=None):
    """user, told, kept, texts."""
    rows = rows or [
        ("a", "s1", "s2", ["ta"]),  # ends in s1: told equal, kept wrong
        ("b", "s2", "s1", ["tb"]),  # ends in s6: told followed, kept (still there) wrong
        ("c", "s3", "s4", ["tc"]),  # ends in s8: both followed
        ("d", "s1", None, ["td"]),  # new, ends in s9: wrong
        ("e", "s1", "s1", ["te", "tf"]),  # has no interest in the window
    ]
    users, segments, kept, texts = zip(*rows, strict=True)
    frame = pl.DataFrame(
        {
            "user_key": users,
            "interest_no": 0,
            "segment_id": segments,
            "previous_segment_id": pl.Series(kept, dtype=pl.String),
            "vector": pl.Series([LEFT] * len(rows), dtype=pl.List(pl.Float32)),
            "new_text_hashes": pl.Series(texts, dtype=pl.List(pl.String)),
            "as_of": [AS_OF] * len(rows),
            "base_window_start": [BASE.start] * len(rows),
        }
    )
    return Told(frame)


def found():
    final = {"a": ("s1", LEFT), "b": ("s6", LEFT), "c": ("s8", UP), "d": ("s9", LEFT), "z": ("s1", LEFT)}
    users = pl.DataFrame(
        {
            "user_key": list(final),
            "segment_id": [segment for segment, _ in final.values()],
            "vector": pl.Series([vector for _, vector in final.values()], dtype=pl.List(pl.Float32)),
        }
    )
    day = datetime(2024, 1, 9)
    texts = [("a", "ta", day), ("b", "tb", day), ("c", "tc", day), ("d", "td", day)]
    texts += [("a", "late", day), ("a", "later", AS_OF), ("a", "later", datetime(2024, 1, 14)), ("z", "tz", AS_OF)]
    rows = pl.DataFrame(texts, {"user_key": pl.String, "text_hash": pl.String, "ts": pl.Datetime("us")}, orient="row")
    return Found(OPEN, users, rows, frozenset({"s1", "s6", "s7", "s8", "s9"}), [EVENTS])


@pytest.fixture(scope="module")
def measured():
    return {metric: (value, n) for metric, value, n in differences(told(), found()).iter_rows()}


@pytest.mark.parametrize(
    ("metric", "value", "n"),
    [
        ("users", 5, 5),
        ("users_gone", 1, 1),
        ("users_unseen", 1, 1),
        ("equal", 1 / 2, 2),  # a, d: their s1 is still there
        ("followed", 3 / 4, 4),  # a, b, c
        ("ended", 2 / 4, 4),  # s2, s3
        ("kept_equal", 0, 1),  # b: of those kept only s1 is still there
        ("kept_followed", 1 / 4, 4),  # c
        ("kept_ended", 2 / 3, 3),  # s2, s4 of three
        ("equal_known", 1, 1),
        ("followed_known", 1, 3),
        ("kept_followed_known", 1 / 3, 3),
        ("cosine", 3 / 4, 4),
        ("hours_before_end", 48, 5),
        ("texts_gone", 2, 2),
        ("texts_late", 1, 1),
        ("texts_later", 2, 2),
    ],
)
def test_the_numbers_are_those_worked_out_by_hand(measured, metric, value, n):
    assert measured[metric] == (pytest.approx(value), n)


def test_the_order_of_rows_changes_nothing():
    rows = told()
    assert differences(Told(rows.rows.reverse()), found()).equals(differences(rows, found()))


def test_nobody_told_is_in_the_window():
    nobody = told([("y", "s1", None, ["ty"])])
    values = {metric: (value, n) for metric, value, n in differences(nobody, found()).iter_rows()}
    assert values["followed"] == (None, 0) and values["cosine"] == (None, 0)
    assert values["users_gone"] == (1, 1)


def test_who_was_in_no_segment_and_still_is_agrees_with_what_was_kept_and_ended_nothing():
    rows = told([("a", "s1", "unassigned", ["ta"])])
    window = found()
    users = window.users.filter(pl.col("user_key") == "a").with_columns(segment_id=pl.lit("unassigned"))
    values = differences(rows, Found(OPEN, users, window.texts, window.segments, window.events))
    values = {metric: (value, n) for metric, value, n in values.iter_rows()}
    assert values["kept_followed"] == (1, 1) and values["followed"] == (0, 1)
    assert values["kept_ended"] == (None, 0)


def test_a_segment_is_followed_over_several_windows():
    second = [("split", ["s8"], ["s10", "s11"]), ("death", ["s6"], [])]
    assert descendants("s3", [EVENTS, second]) == {"s10", "s11"}
    assert descendants("s2", [EVENTS, second]) == {"s7"}
    assert descendants("s5", [EVENTS, second]) == set()
    assert descendants("s1", [EVENTS, second]) == {"s1"}
