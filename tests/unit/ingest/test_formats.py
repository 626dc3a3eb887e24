"""The same rows in every format give the same accepted texts."""

import gzip
import json

import duckdb
import polars as pl
import pytest
import zstandard

ROWS = [
    dict(zip(("user_id", "text", "ts", "item_id", "rating", "category"), values, strict=True))
    for values in (
        ("7", "one", "2024-01-05T10:00:00Z", "12", 4.5, "a"),
        ("bob", 'says "two", twice\nand more', "2024-02-29", None, None, "b"),
        ("zoë", "drei — 三", "2024-04-30T23:59:59.5Z", "12", -1.0, None),
    )
]


def as_csv(rows, separator=","):
    return pl.DataFrame(rows).write_csv(separator=separator).encode()


def as_json_lines(rows):
    return "".join(json.dumps(r) + "\n" for r in rows).encode()


def write(platform, name):
    kind = name.split(".", 1)[1]
    content = as_csv(ROWS, "\t") if kind == "tsv" else as_csv(ROWS) if "csv" in kind else as_json_lines(ROWS)
    if kind.endswith("gz"):
        content = gzip.compress(content[:60]) + gzip.compress(content[60:])  # several members, as `cat` makes them
    if kind.endswith(("zst", "zstd")):
        content = zstandard.compress(content[:60]) + zstandard.compress(content[60:])
    platform.write(name, content)


@pytest.fixture
def expected(platform):
    pl.DataFrame(ROWS).write_parquet(platform.folder / "base.parquet")
    return platform.read("base.parquet").accepted


@pytest.mark.parametrize(
    "name", ["r.csv", "r.tsv", "r.csv.gz", "r.csv.zst", "r.jsonl", "r.ndjson", "r.json", "r.jsonl.gz", "r.jsonl.zstd"]
)
def test_text_files_plain_and_compressed_read_like_parquet(platform, expected, name):
    write(platform, name)
    found = platform.read(name)
    assert found.rejected.is_empty()
    assert found.accepted.equals(expected)
    assert sorted(expected["text"]) == sorted(r["text"] for r in ROWS)


def test_a_table_and_a_view_of_a_duckdb_file_read_like_parquet(platform, expected):
    with duckdb.connect(str(platform.folder / "shop.duckdb")) as con:
        con.execute(f"CREATE TABLE reviews AS FROM '{platform.folder}/base.parquet'")
        con.execute("CREATE SCHEMA other")
        con.execute("CREATE VIEW other.seen AS FROM main.reviews")
    for table in ("reviews", "main.reviews", "other.seen"):
        assert platform.read("shop.duckdb", source={"table": table}).accepted.equals(expected)


def test_two_sources_may_read_two_tables_of_one_duckdb_file(platform):
    with duckdb.connect(str(platform.folder / "shop.db")) as con:
        con.execute("CREATE TABLE a AS SELECT 'u' AS user_id, 'one' AS text, DATE '2024-01-02' AS ts")
        con.execute("CREATE TABLE b AS SELECT 'u' AS user_id, 'two' AS text, DATE '2024-01-02' AS ts")
    sources = [{"name": n, "uri": "shop.db", "table": n} for n in ("a", "b")]
    found = platform.read(sources=sources).accepted
    assert sorted(found.select("source", "text").iter_rows()) == [("a", "one"), ("b", "two")]
    assert found["user_key"].n_unique() == 2  # users of different sources stay different


def test_integer_user_and_item_ids_are_the_same_user_and_item_as_their_text(platform):
    texts = {"text": ["x"], "ts": ["2024-01-02"], "category": [3]}
    pl.DataFrame({"user_id": ["7"], "item_id": ["12"], **texts}).write_parquet(platform.folder / "a.parquet")
    pl.DataFrame({"user_id": [7], "item_id": [12.0], **texts}).write_parquet(platform.folder / "b.parquet")
    a, b = platform.read("a.parquet").accepted, platform.read("b.parquet").accepted
    assert a.equals(b)
    assert a["category"].to_list() == ["3"]


def test_a_csv_file_with_semicolons_and_a_byte_order_mark_is_read(platform):
    platform.write("r.csv", b"\xef\xbb\xbfuser_id;text;ts\r\nann;a, b;2024-01-02\r\n")
    assert platform.read("r.csv").accepted["text"].to_list() == ["a, b"]


def test_files_of_a_glob_are_one_source_and_rows_are_named_below_its_fixed_folder(platform):
    for name in ("in/a/part.csv", "in/b/part.csv"):
        platform.write(name, "user_id,text,ts\n,x,2024-01-02\n")
    assert platform.read("in/*/part.csv").reasons == {"a/part.csv#1": "no_user", "b/part.csv#1": "no_user"}


def test_parquet_files_of_a_glob_may_lack_optional_columns_and_differ_in_types(platform):
    base = {"text": ["x"], "ts": ["2024-01-02"]}
    pl.DataFrame({"user_id": [1], "rating": [5], **base}).write_parquet(platform.folder / "a.parquet")
    pl.DataFrame({"user_id": ["ann"], **base}).write_parquet(platform.folder / "b.parquet")
    assert sorted(platform.read("*.parquet").accepted["rating"].to_list(), key=str) == [5.0, None]


def test_a_name_with_wildcard_characters_is_the_file_of_that_name(platform):
    platform.write("r[1].csv", "user_id,text,ts\nann,x,2024-01-02\n")
    pl.DataFrame({"user_id": ["a"], "text": ["y"], "ts": ["2024-01-02"]}).write_parquet(
        platform.folder / "p[1].parquet"
    )
    assert platform.read("r[1].csv").accepted["text"].to_list() == ["x"]
    assert platform.read("p[1].parquet").accepted["text"].to_list() == ["y"]


def test_other_column_names_are_mapped(platform):
    platform.write("r.csv", "who,what,when,film\nann,x,2024-01-02,7\n")
    columns = {"user_id": "who", "text": "what", "ts": "when", "item_id": "film"}
    found = platform.read("r.csv", source={"columns": columns}).accepted
    assert found.select("text", "item_id").row(0) == ("x", "7")


def test_json_keys_with_slashes_tildes_and_quotes_are_found(platform):
    platform.write("r.jsonl", json.dumps({"u/~'\"": "ann", "text": "x", "ts": "2024-01-02"}))
    assert platform.read("r.jsonl", source={"columns": {"user_id": "u/~'\""}}).accepted.height == 1


def test_a_sample_is_read_by_its_name(platform):
    cache = platform.folder / "home" / "samples"
    cache.mkdir(parents=True)
    pl.DataFrame({"user_id": [""], "text": ["x"], "ts": ["2024-01-02"]}).write_parquet(cache / "mailing-lists.parquet")
    assert platform.read("sample:mailing-lists").reasons == {"mailing-lists.parquet#1": "no_user"}
