"""Old versions go, what somebody may still need stays."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from interest_platform.domain.recommendation_tables import RECOMMENDATIONS
from interest_platform.domain.tables import CLUSTER_SNAPSHOTS, EMBEDDINGS, WINDOW_LOADS
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.maintenance import Maintained, maintain
from interest_platform.settings import Settings

Frames = Callable[..., pl.DataFrame]


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """A home whose name holds no pattern."""
    return Path(shutil.copytree(made_home, tmp_path / "it's a home", symlinks=True))


_OLDER = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1])) as catalog, catalog:
    for name in ("ducklake_snapshot.snapshot_time", "ducklake_files_scheduled_for_deletion.schedule_start"):
        table, column = name.split(".")
        older = f"strftime('%Y-%m-%d %H:%M:%f', substr({column}, 1, 23), '-{sys.argv[2]} days') || '+00'"
        catalog.execute(f"UPDATE {table} SET {column} = {older}")
"""


def _age(lake: Lake, days: int) -> None:
    """Make everything that is there older: snapshots, files due for removal, and files on the disk."""
    # by another process: two libraries of SQLite in one process break each other's locks
    catalog = lake.settings.lake_folder / "catalog.sqlite"
    subprocess.run([sys.executable, "-c", _OLDER, str(catalog), str(days)], check=True)
    for file in _files(lake):
        os.utime(file, (time.time() - days * 86_400,) * 2)


def _files(lake: Lake) -> set[Path]:
    return set((lake.settings.lake_folder / "data").rglob("*.parquet"))


def _clusters(frame: Frames, window: Window, version: int) -> pl.DataFrame:
    return frame(CLUSTER_SNAPSHOTS, window).with_columns(lake_version=pl.lit(version, pl.Int64))


def test_versions_expire_but_not_the_newest_nor_one_that_a_current_row_names(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    first, named, third, newest = (frame(EMBEDDINGS, windows[0], 20, tag=tag) for tag in range(4))
    lost = lake.replace(windows[0], {"embeddings": first}, stamp).version
    kept = lake.replace(windows[0], {"embeddings": named}, stamp).version
    lake.replace(windows[0], {"embeddings": third}, stamp)
    # a clustering that was replaced since no longer holds the version it read
    for version in (lost, kept):
        lake.replace(windows[0], {"cluster_snapshots": _clusters(frame, windows[0], version)}, stamp)
    lake.replace(windows[0], {"embeddings": newest}, stamp)
    _age(lake, 40)

    before = maintain(lake, keep=timedelta(days=60))
    assert before.expired == 0
    done = maintain(lake, keep=timedelta(days=30))
    assert done.expired > 0
    assert done.removed == 0  # the files of what has just expired are left to those who read them
    _age(lake, 2)
    there = _files(lake)
    assert maintain(lake).removed == len(there - _files(lake)) == 3

    assert lake.read(EMBEDDINGS, version=kept).equals(named)
    assert lake.read(WINDOW_LOADS, version=kept)["rows"].to_list() == [20]
    assert lake.read(EMBEDDINGS).equals(newest)
    assert lake.read(CLUSTER_SNAPSHOTS)["lake_version"].unique().to_list() == [kept]
    assert lake.read(WINDOW_LOADS).height == 2
    with pytest.raises(LakeError, match="No snapshot found"):
        lake.read(EMBEDDINGS, version=lost)
    lake.replace(windows[0], {"embeddings": first}, stamp)
    assert lake.read(EMBEDDINGS).equals(first)
    assert maintain(lake) == Maintained(expired=1, merged=0, removed=0, orphans=0)  # the one that was the newest
    assert maintain(lake) == Maintained(expired=0, merged=0, removed=0, orphans=0)
    assert lake.read(EMBEDDINGS).equals(first)


def test_the_version_that_lists_were_made_from_stays_until_they_are_made_again(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp
) -> None:
    versions = [
        lake.replace(windows[0], {"embeddings": frame(EMBEDDINGS, windows[0], tag=tag)}, stamp).version
        for tag in range(3)
    ]
    for number, version in enumerate((versions[0], None)):  # lists of an earlier release name none
        lists = frame(RECOMMENDATIONS, windows[number]).with_columns(lake_version=pl.lit(version, pl.Int64))
        lake.replace(windows[number], {"recommendations": lists}, stamp)
    _age(lake, 40)
    assert maintain(lake).expired > 0
    assert [lake.has_version(version) for version in versions] == [True, False, False]
    assert lake.read(EMBEDDINGS, version=versions[0]).equals(frame(EMBEDDINGS, windows[0], tag=0))

    lake.replace(windows[0], {"recommendations": frame(RECOMMENDATIONS, windows[0], rows=0)}, stamp)
    maintain(lake)
    assert not lake.has_version(versions[0])


def test_files_of_nobody_are_removed_after_a_day_and_live_files_stay_whatever_their_age(
    lake: Lake, windows: list[Window], frame: Frames, stamp: Stamp, tmp_path: Path
) -> None:
    for tag, window in enumerate(windows[:3]):
        lake.replace(window, {"embeddings": frame(EMBEDDINGS, window, 20, tag=tag)}, stamp)
    live = _files(lake)
    folder = next(iter(live)).parent
    old, young, outside = folder / "old.parquet", folder / "young.parquet", tmp_path / "outside.parquet"
    for file in (old, outside):
        file.write_bytes(b"left by a writer that was killed")
    _age(lake, 400)
    young.write_bytes(b"of a writer that is at work")

    assert maintain(lake, keep=timedelta(days=1)).orphans == 1
    assert _files(lake) == live | {young}
    assert outside.exists()
    facts = lake.query("SELECT count(*) AS n, sum(list_sum(vector)) > 0 AS read FROM embeddings").to_pylist()
    assert facts == [{"n": 60, "read": True}]


def test_a_path_that_is_a_pattern_is_refused(
    made_home: Path, tmp_path: Path, settings_of: Callable[..., Settings]
) -> None:
    with pytest.raises(LakeError, match=r"a path with \*, \? or \["):
        maintain(Lake(settings_of(tmp_path / "home*")))


def test_the_last_day_is_never_expired(lake: Lake) -> None:
    with pytest.raises(LakeError, match="keep=0:00:00 is too short"):
        maintain(lake, keep=timedelta(0))
