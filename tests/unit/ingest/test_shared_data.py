"""Real texts of real people, where they are at hand: every row is accounted for."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the collection ../shared/data is not there")


def read(platform, name, start, end):
    windows = {"grain": "month", "start": start, "end": end}
    return platform.read(str(FOLDER / f"{name}.parquet"), windows=windows, now=datetime(2026, 1, 1))


def test_amazon_reviews_are_all_accounted_for(platform):
    # months of 2013 suffice for the windows; the rest is before start, or after end
    source = pl.read_parquet(FOLDER / "amazon_reviews_6cat.parquet")
    found = read(platform, "amazon_reviews_6cat", "2013-01-01", "2014-01-01")
    ts = pl.col("ts").dt.replace_time_zone(None) if source.schema["ts"].time_zone else pl.col("ts")
    inside = source.filter(ts.dt.year() == 2013)
    earlier = source.filter(ts.dt.year() < 2013).height
    distinct = inside.filter(pl.col("text").str.strip_chars().fill_null("") != "").n_unique(
        ["user_id", "item_id", "ts", "text"]
    )
    assert found.rows_read == inside.height + earlier == found.accepted.height + found.rejected.height
    assert found.accepted.height == distinct
    assert found.rejected.filter(pl.col("reason") == "before_start").height == earlier
    assert found.rejected.filter(pl.col("reason") == "empty_text").height == inside["text"].null_count()


@pytest.mark.slow
def test_all_amazon_reviews_are_accepted_or_rejected(platform):
    found = read(platform, "amazon_reviews_6cat", "2001-01-01", "2019-01-01")
    counts = dict(found.rejected.group_by("reason").len().iter_rows())
    source = pl.read_parquet(FOLDER / "amazon_reviews_6cat.parquet")
    distinct = source.drop_nulls("text").n_unique(["user_id", "item_id", "ts", "text"])
    assert found.rows_read == 16_568 == found.accepted.height + found.rejected.height
    assert counts == {"empty_text": 28, "duplicate": 16_568 - 28 - distinct}
