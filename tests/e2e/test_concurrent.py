"""Several commands at once on one home, with readers who must not notice."""

import subprocess
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest
from support import interest, make_workplace, posts, start

from interest_platform.domain.comparison_tables import COMPARISON_TABLES
from interest_platform.domain.live_tables import BESIDE_THE_LINE
from interest_platform.domain.tables import TABLES, WINDOW_LOADS
from interest_platform.lake import Lake
from interest_platform.settings import load_settings

pytestmark = pytest.mark.e2e

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet", columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 1}
clustering: {k: 3, n_init: 3}
"""


def lake_of(folder: Path) -> Lake:
    environ = {"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")}
    return Lake(load_settings(environ))


def loads_seen(lake: Lake, processes: list[subprocess.Popen[str]]) -> list[int]:
    """Poll the lake from its first answer until the processes end; any read that fails, fails the test."""
    seen: list[int] = []
    while any(process.poll() is None for process in processes):
        if seen or _answers(lake):
            seen.append(lake.query("SELECT 1 FROM window_loads").num_rows)
        time.sleep(0.05)
    return seen


def _answers(lake: Lake) -> bool:
    # before the lake is made there is nothing to read
    return (
        lake.address.catalog_file is not None
        and (lake.settings.home / "dagster" / "history" / "runs").is_dir()
        and any((lake.settings.home / "lake" / "data").rglob("*.parquet"))
    )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = posts()
    axes = ("coffee", "bikes", "stars")
    vectors = [[float(name == item[:-2]) + (i % 7) / 50 for name in axes] for i, item in enumerate(frame["item_id"])]
    frame = frame.drop("text").with_columns(vector=pl.Series(vectors, dtype=pl.List(pl.Float64)))
    return make_workplace(tmp_path_factory.mktemp("concurrent"), CONFIG, frame)


@pytest.fixture(scope="module")
def seen(workplace: Path) -> list[int]:
    """What a reader saw while two runs shared an empty home; both runs have succeeded."""
    runs = [start(workplace, "run", "--to", "2024-01-08"), start(workplace, "run", "--from", "2024-01-08")]
    lake = lake_of(workplace)
    try:
        seen = loads_seen(lake, runs)
    finally:
        lake.close()
        told = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert not any("Traceback" in text for text in told)
    return seen


def test_two_runs_on_an_empty_home_both_land_and_a_reader_never_fails(workplace: Path, seen: list[int]) -> None:
    lake = lake_of(workplace)
    found = lake.query("SELECT table_name, count(*) AS loads FROM window_loads GROUP BY 1").to_pylist()
    members = lake.query("SELECT window_start, count(*) AS n FROM cluster_members GROUP BY 1 ORDER BY 1").to_pylist()
    lake.close()
    line = TABLES.keys() - {table.name for table in (WINDOW_LOADS, *COMPARISON_TABLES, *BESIDE_THE_LINE)}
    assert {row["table_name"]: row["loads"] for row in found} == dict.fromkeys(line, 3)
    assert [row["n"] for row in members] == [12, 12, 12]
    assert len(seen) > 5 and seen == sorted(seen)


def test_three_publishes_at_once_leave_a_reader_its_old_file(workplace: Path, seen: list[int]) -> None:
    published = workplace / "home" / "serving" / "interest.duckdb"
    version = "SELECT lake_version FROM main.publication"
    reader = duckdb.connect(str(published), read_only=True)
    old = reader.execute(version).fetchall()
    again = interest(workplace, "run", "--no-publish", "--from", "2024-01-15")
    assert again.returncode == 0, again.stderr
    publishes = [start(workplace, "publish") for _ in range(3)]
    told = [publish.communicate()[1] for publish in publishes]
    assert [publish.returncode for publish in publishes] == [0, 0, 0], told
    assert reader.execute(version).fetchall() == old
    assert reader.execute("SELECT count(*) FROM main.segments_over_time").fetchall() == [(9,)]
    reader.close()
    lake = lake_of(workplace)
    newest = lake.version()
    lake.close()
    with duckdb.connect(str(published), read_only=True) as connection:
        assert connection.execute(version).fetchall() == [(newest,)] != old
    assert sorted(file.name for file in published.parent.iterdir()) == [published.name, "report.html"]
