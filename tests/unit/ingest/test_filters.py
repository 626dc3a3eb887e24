"""Tables of hidden items in every format, and what is wrong with them in one line."""

import datetime as dt

import duckdb
import polars as pl
import pytest
from pydantic import SecretStr

from interest_platform.configuration import Configuration
from interest_platform.domain.pseudonyms import IDENTITIES, user_key
from interest_platform.errors import SourceError
from interest_platform.ingest import read_filters
from interest_platform.settings import Settings

KEY = SecretStr("k")
ROWS = [
    {"item_id": "7", "user_id": None, "source": None, "from": None, "until": "2024-02-01", "reason": "out_of_stock"},
    {
        "item_id": "8",
        "user_id": "u1",
        "source": "shop",
        "from": "2024-01-01T12:00+02:00",
        "until": None,
        "reason": None,
    },
]


def settings_of(folder, *filters, identities=None):
    config = Configuration.model_validate(
        {
            "sources": [{"name": "shop", "uri": "x.csv"}, {"name": "forum", "uri": "y.csv"}],
            "windows": {"start": "2024-01-01"},
            "recommendation": {"filters": list(filters)},
            "identities": identities,
        }
    )
    return Settings(config=config, config_path=folder / "interest.yaml", home=folder / "home")


def read(folder, *filters, **more):
    return read_filters(settings_of(folder, *filters, **more), KEY)


def csv(folder, *lines, header="item_id,user_id,source,from,until,reason"):
    (folder / "hidden.csv").write_text("\n".join([header, *lines]) + "\n")
    return "hidden.csv"


def parquet(folder, frame):
    frame.write_parquet(folder / "hidden.parquet")
    return "hidden.parquet"


def duckdb_table(folder, frame):
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.register("given", frame.to_arrow())
        con.execute("CREATE TABLE hidden AS FROM given; CREATE TABLE other (x INTEGER)")
    return {"uri": "shop.duckdb", "table": "hidden"}


def jsonl(folder, frame):
    frame.write_ndjson(folder / "hidden.jsonl")
    return "hidden.jsonl"


def as_csv(folder, frame):
    frame.write_csv(folder / "hidden.csv")
    return "hidden.csv"


@pytest.mark.parametrize("write", [as_csv, parquet, duckdb_table, jsonl])
def test_every_format_gives_items_pseudonyms_and_utc_times(write, tmp_path):
    frame = pl.DataFrame(ROWS, infer_schema_length=None)
    found = read(tmp_path, write(tmp_path, frame)).sort("item_id")
    assert found.drop("filter").rows() == [
        (None, "7", None, dt.datetime(2024, 2, 1), "out_of_stock"),
        (user_key(b"k", "shop", "u1"), "8", dt.datetime(2024, 1, 1, 10), None, None),
    ]


def test_numbers_dates_and_unix_times_are_read_as_a_source_reads_them(tmp_path):
    rows = {"item_id": [7, 8], "from": [1704067200, None], "until": [dt.date(2024, 2, 1), None]}
    pl.DataFrame(rows).write_parquet(tmp_path / "hidden.parquet")
    found = read(tmp_path, "hidden.parquet")
    assert found.select("item_id", "from", "until").rows() == [
        ("7", dt.datetime(2024, 1, 1), dt.datetime(2024, 2, 1)),
        ("8", None, None),
    ]


def test_items_alone_are_enough_blanks_are_none_and_a_table_may_have_no_row(tmp_path):
    assert read(tmp_path, csv(tmp_path, "a", " b", header="item_id"))["item_id"].to_list() == ["a", " b"]
    assert read(tmp_path, csv(tmp_path, "a,,,,, "))["reason"].to_list() == [None]
    assert read(tmp_path, csv(tmp_path)).is_empty()
    assert read(tmp_path).is_empty()


def test_several_tables_are_one_and_each_row_says_of_which_it_is(tmp_path):
    (tmp_path / "stock.csv").write_text("item_id\nc\n")
    found = read(tmp_path, csv(tmp_path, "a,,,,,"), {"uri": "stock.csv"})
    assert found.select("filter", "item_id").rows() == [("hidden.csv", "a"), ("stock.csv", "c")]


def test_a_user_of_the_identities_table_is_its_person(tmp_path):
    (tmp_path / "who.csv").write_text("source,user_id,person_id\nshop,u1,p\nforum,f1,p\n")
    found = read(
        tmp_path, csv(tmp_path, "a,u1,shop,,,", "a,f1,forum,,,", "a,u2,shop,,,"), identities={"uri": "who.csv"}
    )
    person, other = user_key(b"k", IDENTITIES, "p"), user_key(b"k", "shop", "u2")
    assert sorted(found["user_key"]) == sorted([person, person, other])


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",u1,shop,,,", "1 rows have no item_id; one that hides everything is not allowed"),
        ("  ,,,,,", "1 rows have no item_id"),
        ("a,u1,,,,", "1 rows have a user_id without a source, or a source without a user_id; give both or neither"),
        ("a,,shop,,,", "1 rows have a user_id without a source"),
        ("a,u1,store,,,", "1 rows name an unknown source; there are shop, forum"),
        ("a,,,soon,,", "1 rows have a `from` or `until` that is no time"),
        ("a,,,,2024-02-30,", "1 rows have a `from` or `until` that is no time"),
        ("a,,,2024-02-01,2024-02-01,", "1 rows end (`until`) no later than they begin (`from`)"),
        ("a,b,c", "1 rows are broken"),
    ],
)
def test_a_row_that_cannot_be_meant_fails_and_is_named(row, told, tmp_path):
    with pytest.raises(SourceError) as error:
        read(tmp_path, csv(tmp_path, "z,,,,,", row))
    assert str(error.value).startswith(f"filter hidden.csv: {told}")
    assert str(error.value).endswith("; the first is row 2")


def test_values_of_another_type_fail(tmp_path):
    (tmp_path / "hidden.jsonl").write_text('{"item_id": "a"}\n{"item_id": [1]}\n')
    with pytest.raises(SourceError, match=r"^filter hidden.jsonl: 1 rows hold a value of the wrong type .* row 2$"):
        read(tmp_path, "hidden.jsonl")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("absent.csv", "filter absent.csv: there is no file "),
        ("hidden.csv", "filter hidden.csv: hidden.csv has no column 'item_id'; its columns: item, reason"),
        ("hidden.xls", "filter hidden.xls: the format of hidden.xls can't be told"),
        ({"uri": "hidden.csv", "format": "parquet"}, "filter hidden.csv: "),
    ],
)
def test_a_table_that_is_missing_or_lacks_its_column_is_one_line(given, told, tmp_path):
    csv(tmp_path, "a,b", header="item,reason")
    (tmp_path / "hidden.xls").write_text("x")
    with pytest.raises(SourceError) as error:
        read(tmp_path, given)
    assert str(error.value).startswith(told)
    assert "\n" not in str(error.value)


def test_nothing_is_left_on_the_disk(tmp_path):
    with pytest.raises(SourceError):
        read(tmp_path, "absent.csv")
    read(tmp_path, csv(tmp_path, "a,,,,,"))
    assert list((tmp_path / "home" / "tmp").iterdir()) == []
