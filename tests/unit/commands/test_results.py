import csv
import io
import json

import duckdb
import polars as pl
import pytest

from interest_platform.commands.results import Format, formatted

QUERY = """
SELECT 7::HUGEINT AS whole, 1.5::DECIMAL(5, 2) AS part, [1, NULL] AS list, NULL AS nothing,
       TIMESTAMP '2024-01-01 09:30:00' AS ts, 'a "b", c' AS text
"""


@pytest.fixture
def result():
    return duckdb.sql(QUERY).to_arrow_table()


def test_json_is_an_array_of_objects_with_sums_as_numbers(result):
    assert json.loads(formatted(result, Format.JSON)) == [
        {
            "whole": 7,
            "part": 1.5,
            "list": [1, None],
            "nothing": None,
            "ts": "2024-01-01 09:30:00",
            "text": 'a "b", c',
        }
    ]


def test_json_of_no_rows_is_an_empty_array():
    assert json.loads(formatted(duckdb.sql("SELECT 1 AS a WHERE false").to_arrow_table(), Format.JSON)) == []


def test_csv_has_lists_as_json_and_nulls_empty(result):
    [row] = csv.DictReader(io.StringIO(formatted(result, Format.CSV).decode()))
    assert (row["whole"], row["list"], row["nothing"], row["text"]) == ("7", "[1, null]", "", 'a "b", c')
    assert row["ts"].startswith("2024-01-01T09:30:00")


def test_parquet_keeps_the_types(result):
    frame = pl.read_parquet(io.BytesIO(formatted(result, Format.PARQUET)))
    assert frame["list"].to_list() == [[1, None]]
    assert frame.schema["ts"] == pl.Datetime("us")


def test_a_table_shows_nulls_and_counts_rows(result):
    shown = formatted(result, Format.TABLE).decode()
    assert "null" in shown
    assert shown.endswith("1 rows\n")


def test_text_that_looks_like_markup_is_shown_as_it_is():
    table = duckdb.sql("SELECT '[bold]x[/bold]' AS t").to_arrow_table()
    assert "[bold]x[/bold]" in formatted(table, Format.TABLE).decode()
