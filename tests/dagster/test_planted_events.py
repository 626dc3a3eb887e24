"""The asset planted_events on a small lake: what it reads, what it tells Dagster, and what its check says."""

import dagster as dg
import numpy as np
import polars as pl
import pytest
from support import make_workplace

from interest_platform.assets.planted_events import planted_events
from interest_platform.code_location import _windowed
from interest_platform.domain.tables import TABLES
from interest_platform.interests.vectors import as_lists
from interest_platform.lake import Lake, Stamp
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.settings import load_settings
from interest_platform.stores import prepare

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet"}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22}
planted: {sizes: [0.1], repeats: 1}
drift: {permutations: 199}
"""
SEPARATED, BLURRED, EMPTY = "2024-01-01", "2024-01-08", "2024-01-15"


def week(noise: float, users: int = 300) -> dict[str, pl.DataFrame]:
    """Five clusters of users, 16 dimensions; three of four users of the last window are back."""
    rng = np.random.default_rng(0)
    labels = np.arange(users) % 5
    centres = rng.normal(size=(5, 16))
    vectors = centres[labels] / np.linalg.norm(centres, axis=1)[labels][:, None] + noise * rng.normal(size=(users, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    keys = pl.DataFrame({"user_key": [f"u{i}" for i in range(users)]}, {"user_key": pl.String})
    keys = keys.with_columns(interest_no=pl.lit(0))
    counted = {"weight": 1.0, "n_texts": 1, "windows_present": 1, "encoder": "e"}
    interests = keys.with_columns(as_lists(vectors).alias("vector"), **{n: pl.lit(v) for n, v in counted.items()})
    members = keys.with_columns(pl.Series("cluster_id", labels), membership=pl.lit(1.0), distance=pl.lit(0.1))
    ends = {"from_segment": ["s0001", "s0001"], "to_segment": ["s0001", None], "users": [3.0, 1.0]}
    return {"user_interests": interests, "cluster_members": members, "segment_migrations": pl.DataFrame(ends)}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = make_workplace(tmp_path_factory.mktemp("planted"), CONFIG)
        patch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
        patch.setenv("INTEREST_HOME", str(folder / "home"))
        patch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        settings = load_settings()
        instance, lake = prepare(settings), Lake(settings)
        for window, frames in zip(settings.grid, (week(0.1), week(1.0), week(0.1, users=0)), strict=True):
            made = {name: TABLES[name].conform(frame, window.start) for name, frame in frames.items()}
            lake.replace(window, made, Stamp("test", "run", "1"))
        resource = SettingsResource()
        (asset,) = dg.map_asset_specs(lambda spec: _windowed(spec, settings.config), [planted_events])
        result = dg.materialize(
            [asset],
            instance=instance,
            tags={"dagster/asset_partition_range_start": SEPARATED, "dagster/asset_partition_range_end": EMPTY},
            resources={"settings": resource, "lake": LakeResource(settings=resource)},
        )
        assert result.success
        yield instance, lake, dict(zip((SEPARATED, BLURRED, EMPTY), settings.grid, strict=True))


def metadata(instance, partition):
    records = dg.AssetRecordsFilter(dg.AssetKey("planted_events"), asset_partitions=[partition])
    (record,) = instance.fetch_materializations(records, limit=1).records
    return record.asset_materialization.metadata


def evaluation(instance, partition, name):
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("planted_events"), name), limit=20
    )
    found = [r.event.dagster_event.event_specific_data for r in records if r.event]
    return next(e for e in found if e.partition == partition)


def test_a_window_of_separated_segments_would_notice(told):
    instance, lake, windows = told
    rows = lake.read(TABLES["planted_events"], [windows[SEPARATED]])
    assert rows["kind"].to_list() == ["all", "birth", "death", "merge", "move", "split"]
    assert rows.filter(pl.col("kind") == "all").select("planted", "noticed", "false_events").row(0) == (4, 4, 0)
    shown = metadata(instance, SEPARATED)
    assert shown["rows"].value == 6 and shown["returning"].value == 0.75
    assert shown["users_planted_in"].value == 300 and shown["still_false_events"].value == 0
    check = evaluation(instance, SEPARATED, "would_notice")
    assert check.passed and check.metadata["value"].value == 1.0 and check.metadata["limit"].value == 0.9


def test_a_blurred_window_warns_and_blocks_nothing(told):
    instance, lake, windows = told
    rows = lake.read(TABLES["planted_events"], [windows[BLURRED]])
    check = evaluation(instance, BLURRED, "would_notice")
    assert not check.passed and check.severity == dg.AssetCheckSeverity.WARN and not check.blocking
    every = rows.filter(pl.col("kind") == "all")
    assert check.metadata["value"].value == every["recall"].to_list()[0] < 0.9
    assert every["smallest_noticed"].to_list() == [None]


def test_an_empty_window_is_loaded_empty_with_the_reason(told):
    instance, lake, windows = told
    assert lake.read(TABLES["planted_events"], [windows[EMPTY]]).is_empty()
    assert metadata(instance, EMPTY)["not_planted"].value == "the window has no users"
    check = evaluation(instance, EMPTY, "would_notice")
    assert check.passed and check.metadata["planted"].value == 0 and "value" not in check.metadata
    assert evaluation(instance, EMPTY, "contract").passed
