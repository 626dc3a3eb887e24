"""`interest report` on a lake: an empty one, one with a history, and a file that can't be written."""

import datetime as dt

import polars as pl
import pytest
from planted_history import planted_frames

from interest_platform.cli import app
from interest_platform.domain.tables import TABLES
from interest_platform.errors import InterestError
from interest_platform.lake import Lake
from interest_platform.lake.table import Stamp
from interest_platform.settings import load_settings


@pytest.fixture
def lake(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("INTEREST_HOME", str(workplace / "home"))
    monkeypatch.delenv("INTEREST_CONFIG", raising=False)
    lake = Lake(load_settings())
    lake.prepare()
    yield lake
    lake.close()


def _load(lake, frames):
    for window in lake.settings.grid.closed(dt.datetime(2024, 3, 1)):
        of = pl.col("window_start") == window.start
        tables = {
            "segment_identities": frames.identities,
            "cluster_snapshots": frames.snapshots,
            "segment_events": frames.events,
            "segment_migrations": frames.migrations,
            "drift_metrics": frames.drift,
            "planted_events": frames.planted,
            "recommendation_metrics": frames.quality,
            "cluster_members": frames.members,
            "user_interests": frames.interests,
        }
        stamp = Stamp("test", "run", "1")
        lake.replace(window, {n: f.filter(of).select(TABLES[n].names) for n, f in tables.items()}, stamp)


def test_a_lake_with_a_history(lake, workplace):
    _load(lake, planted_frames(windows=3, users=80, dimensions=4))
    app(["report", "--out", "page.html"], standalone_mode=False)
    page = (workplace / "page.html").read_text(encoding="utf-8")
    assert "3, from 2024-01-01 to 2024-01-15" in page
    assert page.count("<svg") == 6
    assert f"<dd>{lake.version()}</dd>" in page


def test_an_empty_lake_and_the_usual_name(lake, workplace):
    app(["report"], standalone_mode=False)
    assert "none loaded yet" in (workplace / "interest-report.html").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_one_line(lake):
    with pytest.raises(InterestError, match=r"^--out missing/page.html: No such file or directory$"):
        app(["report", "--out", "missing/page.html"], standalone_mode=False)
