"""Several interests a user on the posts of the demo, where `interest demo` has been run."""

import os

import polars as pl
import pytest

from interest_platform.clustering import cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS, RAW_TEXTS
from interest_platform.interests import as_matrix, user_interests
from interest_platform.lake import Lake
from interest_platform.settings import CONFIG_NAME, home_folder, load_settings

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def demo():
    config = home_folder() / CONFIG_NAME
    if not config.is_file() or "sample:mailing-lists" not in config.read_text():
        pytest.skip(f"no demo in {home_folder()}: run `interest demo`, or set INTEREST_HOME to where it ran")
    settings = load_settings(os.environ | {"INTEREST_CONFIG": str(config)})
    lake = Lake(settings)
    yield lake, settings
    lake.close()


def test_people_who_post_about_two_things_are_mostly_in_two_segments(demo):
    lake, settings = demo
    several, landed, users = 0, 0, 0
    for window in lake.loaded_windows(EMBEDDINGS.name, list(settings.grid))[6:10]:
        back = settings.grid.lookback(window, 2)
        raw = lake.read(RAW_TEXTS, back, columns=["window_start", "text_id", "user_key", "ts"])
        found = user_interests(
            raw.join(lake.read(CLEANED_TOKENS, back, columns=["text_id", "text_hash"]), on="text_id"),
            lake.read(EMBEDDINGS, back, columns=["text_hash", "vector"]),
            window,
            half_life_days=10,
            min_texts=1,
            windows_present=2,
            encoder="e",
            per_user="auto",
        )
        labels = cluster(as_matrix(found["vector"]), ClusteringSettings(k=12)).labels
        by_user = found.with_columns(segment=pl.Series(labels)).group_by("user_key").agg(pl.len(), pl.col("segment"))
        more = by_user.filter(pl.col("len") > 1)
        several, users = several + more.height, users + by_user.height
        landed += int((more["segment"].list.n_unique() > 1).sum())
    # a fifth of all users, nine in ten of whom are in two segments (benchmarks/interests.py)
    assert 0.1 < several / users < 0.35 and landed / several > 0.75
