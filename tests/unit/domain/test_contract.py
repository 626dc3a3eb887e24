import datetime as dt
import hashlib
import hmac

import polars as pl
import pytest

from interest_platform.domain.contract import Column, Table, Type
from interest_platform.domain.pseudonyms import user_key
from interest_platform.domain.tables import TABLES
from interest_platform.errors import ContractError

START = dt.datetime(2024, 1, 1)
PETS = Table(
    "pets", "a pet", ("name",), (Column("name", Type.VARCHAR, "n"), Column("age", Type.INTEGER, "a", nullable=True))
)


def good() -> pl.DataFrame:
    return PETS.conform(pl.DataFrame({"age": [3, None], "name": ["rex", "tom"]}), START)


def test_conform_orders_casts_and_stamps_the_window():
    frame = good()
    assert frame.columns == ["window_start", "name", "age"] and frame.schema == PETS.schema
    PETS.check(frame, START)


def test_conform_fills_an_absent_nullable_column_with_nulls():
    assert PETS.conform(pl.DataFrame({"name": ["rex"]}), START)["age"].to_list() == [None]


def test_conform_refuses_a_value_that_does_not_fit():
    with pytest.raises(ContractError, match="table pets"):
        PETS.conform(pl.DataFrame({"name": ["rex"], "age": ["three"]}), START)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.with_columns(tail=pl.lit(1)), r"extra columns \['tail'\]"),
        (lambda f: f.drop("age"), r"missing columns \['age'\]"),
        (lambda f: f.select("window_start", "age", "name"), "another order"),
        (lambda f: f.with_columns(pl.col("age").cast(pl.Int64)), "column age: type Int64, expected Int32"),
        (lambda f: f.with_columns(name=pl.lit(None, pl.String)), "column name: 2 nulls"),
        (lambda f: pl.concat([f, f]), "2 rows repeat the key"),
        (lambda f: f.with_columns(window_start=pl.lit(dt.datetime(2024, 1, 8), pl.Datetime("us"))), "another window"),
    ],
)
def test_check_refuses_what_the_table_does_not_take(change, told):
    with pytest.raises(ContractError, match=told):
        PETS.check(change(good()), START)


def test_every_column_is_described_and_every_lineage_source_exists():
    for table in TABLES.values():
        assert set(table.key) <= set(table.names) and all(c.description for c in table.columns)
        for sources in table.lineage.values():
            assert all(column in TABLES[name].names for name, column in sources)


def test_the_pseudonym_is_the_hmac_of_source_separator_and_id():
    expected = hmac.new(b"k", b"reviews\x1f" + "Zoë".encode(), hashlib.sha256).hexdigest()
    assert user_key(b"k", "reviews", "Zoë") == expected
    assert (
        user_key(b"k", "a", "b\x1fc") != user_key(b"k", "b", "a\x1fc") and user_key(b"j", "reviews", "Zoë") != expected
    )
