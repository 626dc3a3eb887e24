"""The lake is made once, brought up to the contracts, and can be moved."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from interest_platform.domain.tables import EMBEDDINGS, RAW_TEXTS, TABLES, WINDOW_LOADS
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.lake import Lake, Stamp, extensions
from interest_platform.settings import Settings


def test_the_lake_has_the_tables_of_the_contract_partitioned_by_window(lake: Lake) -> None:
    with lake.connect() as connection:
        for table in TABLES.values():
            found = connection.execute(
                f'SELECT column_name, column_type, "null" FROM (DESCRIBE {table.name})'
            ).fetchall()
            assert found == [(c.name, c.type.sql, "YES" if c.nullable else "NO") for c in table.columns]
        partitions = connection.execute(
            "SELECT count(*) FROM __ducklake_metadata_lake.ducklake_partition_column WHERE transform = 'identity'"
        ).fetchone()
    assert partitions == (len(TABLES),)


def test_preparing_again_commits_nothing(lake: Lake) -> None:
    version = lake.version()
    lake.prepare()
    assert lake.version() == version


def test_a_newer_contracts_column_is_added_and_older_rows_keep_their_values(
    lake: Lake, windows: list[Window], frame: Callable[..., pl.DataFrame], stamp: Stamp
) -> None:
    # an older lake: the column is not there yet
    with lake.connect(read_only=False) as connection:
        connection.execute("ALTER TABLE raw_texts DROP COLUMN truncated")
        connection.execute(
            "INSERT INTO raw_texts (window_start, text_id, source, user_key, ts, ingested_at) "
            "VALUES ($1, 'old', 's', 'u', $1, $1)",
            [windows[0].start],
        )
    lake.prepare()
    lake.replace(windows[1], {"raw_texts": frame(RAW_TEXTS, windows[1])}, stamp)

    assert lake.read(RAW_TEXTS, windows[:1], columns=["text_id", "truncated"]).rows() == [("old", None)]
    assert lake.read(RAW_TEXTS, windows[1:2]).equals(frame(RAW_TEXTS, windows[1]))


def test_a_column_of_another_type_needs_a_migration(lake: Lake) -> None:
    with lake.connect(read_only=False) as connection:
        connection.execute("ALTER TABLE raw_texts DROP COLUMN truncated")
        connection.execute("ALTER TABLE raw_texts ADD COLUMN truncated VARCHAR")
    with pytest.raises(LakeError, match="raw_texts, column truncated: VARCHAR in the lake, BOOLEAN in"):
        lake.prepare()


def test_a_moved_home_gives_the_same_counts_and_the_same_sums(
    lake: Lake,
    home: Path,
    tmp_path: Path,
    settings_of: Callable[..., Settings],
    windows: list[Window],
    frame: Callable[..., pl.DataFrame],
    stamp: Stamp,
) -> None:
    for number, window in enumerate(windows[:3]):
        lake.replace(window, {"embeddings": frame(EMBEDDINGS, window, 50, tag=number)}, stamp)
    # counts come from the catalog alone, a sum over the vectors has to read the Parquet files
    facts = "SELECT count(*) AS n, sum(list_sum(vector)) AS s FROM embeddings"
    before = lake.query(facts).to_pylist()
    lake.close()

    home.rename(tmp_path / "moved")
    moved = Lake(settings_of(tmp_path / "moved"))

    assert moved.query(facts).to_pylist() == before
    assert before[0]["n"] == 150
    moved.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0], 5)}, stamp)
    assert moved.read(EMBEDDINGS).height == 105
    assert moved.read(WINDOW_LOADS).height == 3
    moved.close()
    assert not home.exists()


def test_four_processes_make_one_lake_at_once_and_all_write(
    tmp_path: Path, settings_of: Callable[..., Settings]
) -> None:
    writer = str(Path(__file__).with_name("writer.py"))
    command = [sys.executable, writer, str(tmp_path)]
    running = [subprocess.Popen([*command, str(i), "1", "prepare"], stderr=subprocess.PIPE) for i in range(4)]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said

    lake = Lake(settings_of(tmp_path))
    assert lake.read(WINDOW_LOADS).height == 4
    lake.close()


def test_before_it_is_made_and_when_it_is_garbage_the_lake_says_so(
    tmp_path: Path, settings_of: Callable[..., Settings]
) -> None:
    lake = Lake(settings_of(tmp_path / "none"))
    with pytest.raises(LakeError, match=r"there is no lake in .*none/lake yet"):
        lake.version()
    assert not (tmp_path / "none").exists()

    file = tmp_path / "garbage" / "lake" / "catalog.sqlite"
    file.parent.mkdir(parents=True)
    file.write_text("no database at all " * 100)
    with pytest.raises(LakeError, match=r"the lake can't be opened: .*not a database") as caught:
        Lake(settings_of(tmp_path / "garbage")).version()
    assert "\n" not in str(caught.value)


def test_extensions_are_links_to_the_packages_and_a_dead_link_is_made_anew(home: Path, lake: Lake) -> None:
    links = sorted((home / "ext").rglob("*.duckdb_extension"))
    assert [link.name.split(".")[0] for link in links] == ["ducklake", "sqlite_scanner"]
    assert [link.resolve() for link in links] == [
        extensions.packaged("ducklake"),
        extensions.packaged("sqlite_scanner"),
    ]

    links[0].unlink()
    links[0].symlink_to(home / "an environment that is gone")
    assert lake.version() > 0
    assert links[0].resolve() == extensions.packaged("ducklake")
    assert not list((home / "ext").rglob(".new-*"))


def test_where_links_fail_the_extension_is_copied(home: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(home / "ext")

    def refuse(*_: object) -> None:
        raise OSError("this file system has no links")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert lake.version() > 0
    assert not any(file.is_symlink() for file in (home / "ext").rglob("*.duckdb_extension"))
