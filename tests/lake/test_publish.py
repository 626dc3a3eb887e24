"""The published file is swapped whole, never goes back to an older version, and readers keep what they have."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from interest_platform.domain.tables import EMBEDDINGS
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.publish import Build, building, published_version


def _fill(build: Build, version: int | None = None) -> None:
    with duckdb.connect(str(build.path)) as connection:
        connection.execute("CREATE TABLE mart AS SELECT range AS i FROM range(1000)")
        connection.execute(
            "CREATE TABLE publication AS SELECT $1::BIGINT AS lake_version, now()::TIMESTAMP AS published_at",
            [build.version if version is None else version],
        )


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_build_becomes_the_published_file_and_leaves_nothing_else(lake: Lake) -> None:
    target = lake.settings.published_file
    assert published_version(target) is None
    with building(lake) as build:
        _fill(build)
        assert not target.exists()
    assert build.published
    assert published_version(target) == build.version == lake.version()
    assert _names(target.parent) == ["interest.duckdb"]
    assert target.stat().st_mode & 0o222 == 0


def test_a_build_of_an_older_version_does_not_replace_a_newer_one(
    lake: Lake, windows: list[Window], frame: Callable[..., pl.DataFrame], stamp: Stamp
) -> None:
    with building(lake) as slow:
        _fill(slow)
        lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0])}, stamp)
        with building(lake) as quick:
            _fill(quick)
    assert quick.published
    assert not slow.published
    assert published_version(lake.settings.published_file) == quick.version == slow.version + 1


def test_a_reader_keeps_its_version_until_it_opens_the_file_again(
    lake: Lake, windows: list[Window], frame: Callable[..., pl.DataFrame], stamp: Stamp
) -> None:
    path = str(lake.settings.published_file)
    with building(lake) as first:
        _fill(first)
    with duckdb.connect(path, read_only=True) as reader:
        lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0])}, stamp)
        with building(lake) as second:
            _fill(second)
        assert second.published  # though this process has the old file open under the same name
        assert reader.execute("SELECT lake_version FROM publication").fetchone() == (first.version,)
        assert reader.execute("SELECT sum(i) FROM mart").fetchone() == (499_500,)
    with duckdb.connect(path, read_only=True) as reader:
        assert reader.execute("SELECT lake_version FROM publication").fetchone() == (second.version,)


def _fails(build: Build) -> None:
    _fill(build)
    raise RuntimeError("dbt failed")


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (_fails, "dbt failed"),
        (lambda build: None, "the build left no file"),
        (lambda build: _fill(build, 999), "says lake version 999, but the build was of 1"),
        (lambda build: build.path.write_text("no database"), "can't be published, the old one stays"),
        (lambda build: duckdb.connect(str(build.path)).close(), "publication does not exist"),
    ],
)
def test_a_failed_build_leaves_the_old_file(work: Callable[[Build], None], words: str, lake: Lake) -> None:
    target = lake.settings.published_file
    target.parent.mkdir()
    with building(lake, version=0) as old:
        _fill(old)
    content = target.read_bytes()
    with pytest.raises((LakeError, RuntimeError), match=words), building(lake, version=1) as build:
        work(build)
    assert not build.published
    assert target.read_bytes() == content
    assert _names(target.parent) == ["interest.duckdb"]


def test_three_builds_at_once_end_with_the_newest_version_and_no_reader_meets_half_a_file(lake: Lake) -> None:
    target = lake.settings.published_file
    outcome: dict[int, bool] = {}

    def build(version: int) -> None:
        with building(lake, version=version) as one:
            _fill(one)
        outcome[version] = one.published

    builders = [threading.Thread(target=build, args=(version,)) for version in (5, 7, 6)]
    for builder in builders:
        builder.start()
    seen = [-1]
    while any(builder.is_alive() for builder in builders):
        version = published_version(target)
        assert version is not None or seen == [-1]
        seen += [version] if version is not None else []
    assert seen == sorted(seen)
    assert outcome.keys() == {5, 6, 7}
    assert outcome[7]
    assert published_version(target) == 7
    assert _names(target.parent) == ["interest.duckdb"]


def test_a_file_that_cant_be_read_is_replaced_and_what_killed_builds_left_is_removed(lake: Lake) -> None:
    target = lake.settings.published_file
    left, busy = target.parent / ".build-old", target.parent / ".build-now"
    for folder in (left, busy):
        folder.mkdir(parents=True)
        (folder / "interest.duckdb").write_text("half")
    os.utime(left, (time.time() - 90_000,) * 2)
    target.write_text("garbage")
    with building(lake) as build:
        _fill(build)
    assert build.published
    assert _names(target.parent) == [".build-now", "interest.duckdb"]


def test_the_variables_for_dbt_attach_the_lake_at_the_builds_version(
    lake: Lake, home: Path, windows: list[Window], frame: Callable[..., pl.DataFrame], stamp: Stamp
) -> None:
    lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0], 8)}, stamp)
    with building(lake) as build:
        given = build.environment
        lake.replace(windows[1], {"embeddings": frame(EMBEDDINGS, windows[1], 9)}, stamp)
        assert given["INTEREST_DBT_PATH"] == str(build.path)
        assert given["INTEREST_DBT_CATALOG"] == f"ducklake:sqlite:{home}/lake/catalog.sqlite"
        quoted = {name: value.replace("'", "''") for name, value in given.items()}
        config = {"extension_directory": given["INTEREST_DBT_EXTENSIONS"], "autoinstall_known_extensions": "false"}
        with duckdb.connect(given["INTEREST_DBT_PATH"], config=config) as connection:
            connection.execute("LOAD sqlite_scanner; LOAD ducklake")
            connection.execute(
                f"ATTACH '{quoted['INTEREST_DBT_CATALOG']}' AS lake (READ_ONLY, OVERRIDE_DATA_PATH true, "
                f"SNAPSHOT_VERSION {given['INTEREST_DBT_LAKE_VERSION']}, "
                f"DATA_PATH '{quoted['INTEREST_DBT_DATA_PATH']}')"
            )
            assert connection.execute("SELECT count(vector) FROM lake.interest.embeddings").fetchone() == (8,)
        _fill(build)
    assert build.published
