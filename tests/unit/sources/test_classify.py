"""Judging rows without any file: polars in, polars out."""

import json
from datetime import datetime

import polars as pl
import pytest

from interest_platform.domain.pseudonyms import user_key
from interest_platform.sources import SOURCE_ROWS, Reason, Rules, Users, classify

COLUMNS = {"user_id": "who", "ts": "when", "text": "what", "item_id": "film", "rating": "stars"}
RULES = Rules("reviews", COLUMNS, datetime(2024, 1, 1), datetime(2024, 6, 1), 100)
USERS = Users("reviews", b"key")
GOOD = {"file": "f", "ts": datetime(2024, 2, 1), "ts_text": "2024-02-01", "user_id": "ann", "text": "x"}


def judged(*rows, rules=RULES):
    return classify(
        pl.DataFrame([GOOD | {"row": i} | r for i, r in enumerate(rows, 1)], schema=SOURCE_ROWS), rules, USERS
    )


def test_a_row_with_several_faults_has_the_first_reason_in_the_order_of_the_codes():
    faults = {
        Reason.MALFORMED: {"state": "malformed", "error": "broken"},
        Reason.NOT_UTF8: {"state": "not_utf8"},
        Reason.UNREADABLE_TIME: {"ts": None},
        Reason.NO_USER: {"user_id": ""},
        Reason.EMPTY_TEXT: {"text": ""},
    }
    codes = list(faults)
    assert codes == [reason for reason in Reason if reason in faults]
    for position, code in enumerate(codes):
        row = {key: value for later in reversed(codes[position:]) for key, value in faults[later].items()}
        assert judged(row).rejected["reason"].to_list() == [code]


def test_every_row_comes_out_once_and_sorted():
    found = judged({}, {"text": "y"}, {"text": ""}, {}, {"user_id": None}, {"row": 12, "text": ""})
    assert (found.accepted.height, found.rejected.height) == (2, 4)
    assert found.accepted["text_id"].is_sorted()
    assert found.rejected["row_ref"].to_list() == ["f#12", "f#3", "f#4", "f#5"]


def test_rejected_rows_are_told_under_the_sources_own_names():
    raw = json.loads(judged({"text": "", "item_id": "7", "rating": 2.5}).rejected["raw"][0])
    assert raw == {
        "who": user_key(b"key", "reviews", "ann"), "when": "2024-02-01", "what": "", "film": "7", "stars": 2.5
    }  # fmt: skip


def test_wrong_values_are_told_and_cut():
    wrong = json.dumps([{"field": "text", "kind": "array", "value": json.dumps(["y" * 500])}])
    found = judged({"text": None, "wrong": wrong}).rejected
    assert found["detail"][0] == "column what is array, expected text"
    assert json.loads(found["raw"][0])["what"] == '["' + "y" * 98


def test_of_equal_rows_the_one_with_the_smallest_category_and_rating_is_kept_whatever_the_order():
    rows = [{"rating": r, "category": c} for r, c in [(None, None), (3.0, "b"), (2.0, "b"), (1.0, None)]]
    for order in (rows, rows[::-1]):
        assert judged(*order).accepted.select("rating", "category").rows() == [(2.0, "b")]


def test_rows_that_differ_in_user_item_time_or_text_are_no_duplicates():
    other = [{}, {"user_id": "bob"}, {"item_id": "7"}, {"ts": datetime(2024, 2, 1, 0, 0, 1)}, {"text": "x "}]
    found = judged(*other)
    assert found.rejected.is_empty()
    assert found.accepted["text_id"].n_unique() == 5


def test_no_rows_are_no_rows():
    found = classify(pl.DataFrame(schema=SOURCE_ROWS), RULES, USERS)
    assert (found.accepted.height, found.rejected.height) == (0, 0)


def test_texts_that_differ_only_behind_the_cut_are_two_texts():
    found = judged({"text": "x" * 100 + "a"}, {"text": "x" * 100 + "b"})
    assert found.accepted["text"].to_list() == ["x" * 100] * 2
    assert found.accepted["truncated"].all()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_described_here_and_in_the_documentation(reason, request):
    assert reason.description.endswith(".")
    assert f"`{reason}`" in (request.config.rootpath / "docs" / "sources.md").read_text(encoding="utf-8")
