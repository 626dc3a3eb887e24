"""Rows that can't be used: each is rejected for its own reason, and only it."""

import gzip
import json

import polars as pl
import pytest
import zstandard

COMPRESS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


@pytest.mark.parametrize("ending", COMPRESS)
def test_bytes_that_are_not_utf8_cost_only_their_csv_row(platform, ending):
    content = (
        b"user_id,text,ts\n"
        b"ann,fine,2024-02-01\n"
        b'bob,"caf\xe9, quoted\nover two lines",2024-02-01\n'
        b"cem,caf\xe9,2024-02-01\n"
        b"dan,caf\xc3\xa9,2024-02-01\n"
    )
    platform.write(f"r.csv{ending}", COMPRESS[ending](content))
    found = platform.read(f"r.csv{ending}")
    assert sorted(found.accepted["text"]) == ["café", "fine"]
    assert found.reasons == {f"r.csv{ending}#2": "not_utf8", f"r.csv{ending}#3": "not_utf8"}
    february = found.windows[1].rejected.sort("row_ref")  # the time is readable: the rows belong to their window
    assert json.loads(february["raw"][0])["text"] == "caf\ufffd, quoted\nover two lines"


@pytest.mark.parametrize("ending", COMPRESS)
def test_bytes_that_are_not_utf8_cost_only_their_json_line(platform, ending):
    lines = [
        b'{"user_id": "ann", "text": "caf\xe9", "ts": "2024-02-01"}',
        b'{"user_id": "b", "text": "x", "ts": "2024-02-01"}',
    ]
    platform.write(f"r.jsonl{ending}", COMPRESS[ending](b"\n".join(lines)))
    found = platform.read(f"r.jsonl{ending}")
    assert found.accepted["text"].to_list() == ["x"]
    assert found.reasons == {f"r.jsonl{ending}#1": "not_utf8"}


def test_bytes_columns_of_parquet_are_text_where_they_are_utf8(platform):
    frame = pl.DataFrame({"user_id": ["a", "b"], "text": [b"fine", b"caf\xe9"], "ts": ["2024-02-01"] * 2})
    frame.write_parquet(platform.folder / "r.parquet")
    found = platform.read("r.parquet")
    assert found.accepted["text"].to_list() == ["fine"]
    assert found.reasons == {"r.parquet#2": "not_utf8"}


def test_malformed_csv_lines_are_rejected_and_reading_goes_on_after_each(platform):
    platform.write(
        "r.csv",
        "user_id,text,ts\n"
        "ann,one,2024-02-01\n"
        "bob,too,many,fields,2024-02-01\n"
        'cem,"an open quote,2024-02-01\n'
        "dan,two,2024-02-01\n"
        "\n"
        'eve,"quoted" and not,2024-02-01\n'
        "fay,three,2024-02-01\n"
        'gus,"open to the end,2024-02-01\n'
        "hal,four,2024-02-01\n",
    )
    found = platform.read("r.csv")
    assert sorted(found.accepted["text"]) == ["four", "one", "three", "two"]
    assert found.reasons == {f"r.csv#{n}": "malformed" for n in (2, 3, 5, 7)}


def test_malformed_json_lines_are_rejected(platform):
    good = '{"user_id": "ann", "text": "one", "ts": "2024-02-01"}'
    platform.write("r.jsonl", f'{good}\n{{"user_id": "bob", "te\n[1]\n"text"\n\n5\n{good.replace("one", "two")}')
    found = platform.read("r.jsonl")
    assert sorted(found.accepted["text"]) == ["one", "two"]
    assert found.reasons == {f"r.jsonl#{n}": "malformed" for n in (2, 3, 4, 5)}
    told = found.rejected.sort("row_ref")
    assert told["detail"].to_list() == ["not valid JSON"] + ["JSON, but no object"] * 3
    assert json.loads(told["raw"][0]) == {"bytes": 23}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("user_id", None, "no_user"),
        ("user_id", " \t", "no_user"),
        ("user_id", {"id": "ann"}, "wrong_type"),
        ("user_id", True, "wrong_type"),
        ("user_id", 1.5, "wrong_type"),
        ("ts", None, "no_time"),
        ("ts", "  ", "no_time"),
        ("ts", "yesterday", "unreadable_time"),
        ("ts", {"at": 1}, "unreadable_time"),
        ("ts", True, "unreadable_time"),
        ("ts", "2023-12-31T23:59:59Z", "before_start"),
        ("ts", "2024-06-01T00:00:01Z", "future"),
        ("text", None, "empty_text"),
        ("text", " \u2003\n\u0000", "empty_text"),
        ("text", 5, "wrong_type"),
        ("text", ["a"], "wrong_type"),
        ("text", {"de": "a"}, "wrong_type"),
        ("rating", "good", "wrong_type"),
        ("rating", True, "wrong_type"),
        ("rating", [1], "wrong_type"),
        ("rating", "inf", "wrong_type"),
        ("item_id", ["a"], "wrong_type"),
        ("category", {"a": 1}, "wrong_type"),
        ("lang", 5, "wrong_type"),
    ],
)
def test_each_fault_has_its_reason(platform, a_row, field, value, reason):
    rows = [
        a_row(),
        a_row(user="someone", **{field: value}) if field not in ("user_id", "text", "ts") else a_row() | {field: value},
    ]
    platform.write("r.jsonl", "\n".join(json.dumps(r) for r in rows))
    found = platform.read("r.jsonl")
    assert found.reasons == {"r.jsonl#2": reason}
    assert found.rejected["detail"][0]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"text": [5]}, "wrong_type"),
        ({"text": [["a"]]}, "wrong_type"),
        ({"user_id": [{"id": "ann"}]}, "wrong_type"),
        ({"user_id": [1.5]}, "wrong_type"),
        ({"rating": [True]}, "wrong_type"),
        ({"rating": [float("inf")]}, "wrong_type"),
        ({"rating": ["many"]}, "wrong_type"),
        ({"ts": [True]}, "unreadable_time"),
        ({"ts": [b"\xff"]}, "unreadable_time"),
    ],
)
def test_columns_of_a_wrong_type_reject_their_rows(platform, values, reason):
    frame = pl.DataFrame({"user_id": ["ann"], "text": ["x"], "ts": ["2024-02-01"]} | values, strict=False)
    frame.write_parquet(platform.folder / "r.parquet")
    found = platform.read("r.parquet")
    assert (found.reasons, found.rows_read) == ({"r.parquet#1": reason}, 1)


def test_missing_numbers_are_not_wrong_numbers(platform):
    columns = {"user_id": [1.0, 2.0], "text": ["x", "y"], "ts": ["2024-02-01"] * 2}
    numbers = {"rating": [float("nan"), None], "item_id": [float("nan"), 3.0]}
    pl.DataFrame(columns | numbers).write_parquet(platform.folder / "r.parquet")
    found = platform.read("r.parquet").accepted.sort("text")
    assert found.select("rating", "item_id").rows() == [(None, None), (None, "3")]


def test_a_wrong_optional_column_tells_how_to_leave_it_out(platform, a_row):
    platform.write("r.jsonl", json.dumps(a_row(category=["a", "b"])))
    found = platform.read("r.jsonl").rejected
    assert (
        found["detail"][0]
        == "column category is array, expected text or a whole number (`category: null` in columns leaves it out)"
    )
    assert json.loads(found["raw"][0])["category"] == ["a", "b"]
    assert platform.read("r.jsonl", source={"columns": {"category": None}}).accepted.height == 1


def test_long_texts_are_cut_kept_and_flagged(platform):
    platform.write("r.csv", f"user_id,text,ts\nann,{'é' * 101},2024-02-01\nbob,{'é' * 100},2024-02-01\n")
    found = platform.read("r.csv", text={"max_chars": 100}).accepted
    assert set(found.select("text", "truncated").rows()) == {("é" * 100, True), ("é" * 100, False)}


def test_nul_characters_are_dropped_from_texts(platform, a_row):
    platform.write("r.jsonl", json.dumps(a_row(text="a\u0000b", item_id="\u0000", category="c\u0000")))
    assert platform.read("r.jsonl").accepted.select("text", "item_id", "category").row(0) == ("ab", None, "c")


def test_empty_csv_fields_are_missing_values(platform):
    platform.write("r.csv", 'user_id,text,ts,rating,category\nann,x,2024-02-01,,""\n')
    assert platform.read("r.csv").accepted.select("rating", "category").row(0) == (None, None)
