"""What a user may ask, and what is refused."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from interest_platform.domain.tables import EMBEDDINGS, TABLES
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.lake import Lake, Stamp
from interest_platform.settings import Settings


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory,
    settings_of: Callable[..., Settings],
    windows: list[Window],
    frame: Callable[..., pl.DataFrame],
    stamp: Stamp,
) -> Iterator[Lake]:
    lake = Lake(settings_of(tmp_path_factory.mktemp("query")))
    lake.prepare()
    lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0], 100)}, stamp)
    yield lake
    lake.close()


def test_unqualified_names_are_the_tables_and_the_result_is_arrow(filled: Lake) -> None:
    sql = "WITH t AS (FROM embeddings) SELECT count(*) AS n, sum(v.x) > 0 AS b FROM t, unnest(vector) v(x)"
    assert filled.query(sql).to_pylist() == [{"n": 200, "b": True}]
    assert filled.query("SHOW TABLES;").num_rows == len(TABLES)
    assert filled.query("SUMMARIZE embeddings").num_rows == 6
    assert filled.query("SELECT 1 WHERE false").num_rows == 0


REFUSED = {
    "INSERT INTO embeddings SELECT * FROM embeddings": "this is INSERT",
    "DELETE FROM embeddings": "this is DELETE",
    "DROP TABLE embeddings": "this is DROP",
    "CREATE TABLE more AS SELECT 1": "this is CREATE",
    "COPY embeddings TO 'stolen.csv'": "this is COPY",
    "ATTACH 'other.duckdb'": "this is ATTACH",
    "SET threads = 1": "this is SET",
    "CALL lake.set_commit_message('a', 'b')": "this is CALL",
    "INSTALL httpfs": "this is LOAD",
    "SELECT 1; DROP TABLE embeddings": "this is 2 statements",
    "": "this is 0 statements",
    "SELECT * FROM read_text('/etc/passwd')": "the function read_text is not allowed",
    "SELECT (SELECT content FROM read_blob('/etc/passwd'))": "the function read_blob is not allowed",
    "DESCRIBE FROM read_csv('/etc/passwd')": "the function read_csv is not allowed",
    "FROM (PIVOT read_csv('/etc/passwd') ON column0)": "",
    "FROM glob('/etc/*')": "the function glob is not allowed",
    "FROM '/etc/passwd'": "does not exist",
    "FROM 'https://example.com/a.parquet'": "",
    "FROM query('DROP TABLE embeddings')": "the function query is not allowed",
    "FROM sqlite_query('__ducklake_metadata_lake', 'SELECT 1')": "the function sqlite_query is not allowed",
    "FROM Ducklake_Cleanup_Old_Files('lake', cleanup_all => true)": "ducklake_cleanup_old_files is not allowed",
    "FROM ducklake_expire_snapshots('lake', older_than => now())": "ducklake_expire_snapshots is not allowed",
    "SELECT current_setting('s3_secret_access_key')": "current_setting is not allowed",
    "FROM raw_text": 'did you mean "raw_texts"',
    "SELECT nope FROM embeddings": "nope",
    "SELEC": "syntax error",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_anything_but_reading_the_lake_is_refused_with_one_line(sql: str, filled: Lake) -> None:
    with pytest.raises(LakeError) as caught:
        filled.query(sql)
    assert REFUSED[sql].lower() in str(caught.value).lower()
    assert "\n" not in str(caught.value)


def test_a_database_beside_the_lake_is_out_of_reach(filled: Lake, tmp_path: Path) -> None:
    other = tmp_path / "mlflow.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE secrets AS SELECT 'x' AS token")
    with pytest.raises(LakeError, match="sqlite_scan is not allowed"):
        filled.query(f"SELECT * FROM sqlite_scan('{other}', 'secrets')")


def test_after_all_refusals_the_lake_is_as_it_was(filled: Lake) -> None:
    version = filled.version()
    for sql in ("DELETE FROM embeddings", "DROP TABLE embeddings", "COPY embeddings TO 'x.csv'"):
        with pytest.raises(LakeError):
            filled.query(sql)
    assert filled.version() == version
    assert filled.query("SELECT count(*) AS n FROM embeddings").to_pylist() == [{"n": 100}]


def test_a_read_only_connection_takes_no_write(filled: Lake) -> None:
    with filled.connect() as connection, pytest.raises(Exception, match="read-only"):
        connection.execute("DELETE FROM embeddings")
