"""The asset drift_metrics on a small lake: which window it compares with, what it tells Dagster and MLflow."""

import dagster as dg
import polars as pl
import pytest
from drifting import pair
from support import make_workplace

from interest_platform.assets.drift_metrics import drift_metrics
from interest_platform.code_location import _windowed
from interest_platform.domain.tables import TABLES
from interest_platform.lake import Lake, Stamp
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.settings import load_settings
from interest_platform.stores import prepare
from interest_platform.tracking import RunTags, Tracker

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet"}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22}
drift: {permutations: 199}
"""


def fill(lake, tracker, window, side) -> str:
    """Write a window's tables as the assets before would; returns the MLflow run of its clustering."""
    tags = RunTags("run", "cluster_snapshots", window.key, "1", "minilm", 1)
    with tracker.clustering_run(window, tags) as run:
        pass
    names = sorted(side.interests["segment_id"].unique())
    cluster = pl.col("segment_id").replace_strict(
        dict(zip(names, range(len(names)), strict=True)), return_dtype=pl.Int32
    )
    members = side.interests.select(
        "user_key", "interest_no", cluster_id=cluster, membership=pl.lit(1.0), distance=pl.lit(0.1)
    )
    clusters = pl.DataFrame({"segment_id": names}).select(
        cluster_id=cluster, top_terms=pl.lit([], pl.List(pl.String)), size=pl.lit(1), share=pl.lit(0.1),
        centroid=pl.lit([1.0], pl.List(pl.Float32)), medoid_user_key=pl.lit("u"), cohesion=pl.lit(0.5),
        example_texts=pl.lit([], pl.List(pl.String)), method=pl.lit("kmeans"), k=pl.lit(len(names)),
        k_method=pl.lit("silhouette"), mlflow_run_id=pl.lit(run.run_id), lake_version=pl.lit(1),
    )  # fmt: skip
    identities = pl.DataFrame({"segment_id": names}).select(
        cluster_id=cluster, segment_id="segment_id", name="segment_id", name_hash="segment_id",
        name_terms=pl.lit([], pl.List(pl.String)), since=pl.lit(window.start), confidence=pl.lit(1.0),
        evidence=pl.lit("both"),
    )  # fmt: skip
    texts = side.texts.with_row_index("text_id").with_columns(pl.col("text_id").cast(pl.String))
    raw = texts.select(
        "text_id",
        "source",
        "user_key",
        ts=pl.lit(window.start),
        truncated=pl.lit(False),
        ingested_at=pl.lit(window.end),
    )
    cleaned = texts.select("text_id", "lang", "tokens", "n_tokens", "text_hash", clean_text=pl.lit("-"))
    interests = side.interests.drop("segment_id").with_columns(n_texts=pl.lit(1), windows_present=pl.lit(1))
    frames = {
        "user_interests": interests, "cluster_members": members, "cluster_snapshots": clusters,
        "segment_identities": identities, "raw_texts": raw, "cleaned_tokens": cleaned,
    }  # fmt: skip
    conformed = {name: TABLES[name].conform(frame, window.start) for name, frame in frames.items()}
    lake.replace(window, conformed, Stamp("test", "run", "1"))
    return run.run_id


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = make_workplace(tmp_path_factory.mktemp("drift"), CONFIG)
        patch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
        patch.setenv("INTEREST_HOME", str(folder / "home"))
        patch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
        patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        settings = load_settings()
        instance, lake, tracker = prepare(settings), Lake(settings), Tracker(settings)
        windows = list(settings.grid)
        before, after = pair(0, users=300, new=0.2)
        runs = [fill(lake, tracker, *given) for given in zip(windows, (before, before, after), strict=True)]
        resource = SettingsResource()
        (asset,) = dg.map_asset_specs(lambda spec: _windowed(spec, settings.config), [drift_metrics])
        result = dg.materialize(
            [asset],
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": "2024-01-01",
                "dagster/asset_partition_range_end": "2024-01-15",
            },
            resources={
                "settings": resource,
                "lake": LakeResource(settings=resource),
                "tracking": TrackingResource(settings=resource),
            },
        )
        assert result.success
        yield instance, lake, tracker, windows, runs


def _metadata(instance, partition):
    filters = dg.AssetRecordsFilter(dg.AssetKey("drift_metrics"), asset_partitions=[partition])
    (record,) = instance.fetch_materializations(filters, limit=1).records
    return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def test_the_first_window_has_nothing_to_be_compared_with(told):
    instance, lake, _, windows, _ = told
    assert lake.read(TABLES["drift_metrics"], windows[:1]).is_empty()
    assert lake.loaded_windows("drift_metrics", windows) == windows
    assert (_metadata(instance, "2024-01-01")["reference"], _metadata(instance, "2024-01-01")["rows"]) == ("none", 0)


def test_the_same_users_raise_no_alarm_and_a_new_segment_does(told):
    instance, lake, _, windows, _ = told
    assert _metadata(instance, "2024-01-08")["alarms"] == 0
    here = _metadata(instance, "2024-01-15")
    assert here["reference"] == "2024-01-08" and here["alarms"] > 0
    assert here["drift_timeline"].startswith("![drift timeline](data:image/png;base64,")
    rows = lake.read(TABLES["drift_metrics"], windows[2:])
    assert set(rows["reference"]) == {"2024-01-08"}
    assert rows.filter((pl.col("metric") == "js_shares") & (pl.col("q_value") < 0.05)).height == 1


def test_checks_warn_of_the_window_that_changed_and_of_no_other(told):
    instance, *_ = told
    for name, warned in (("interests_steady", True), ("ingest_steady", False), ("same_model", False)):
        key = dg.AssetCheckKey(dg.AssetKey("drift_metrics"), name)
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        found = {e.partition: e for r in records if (e := r.event.dagster_event.event_specific_data).partition}
        assert [found[w].passed for w in sorted(found)] == [True, True, not warned]
        assert found["2024-01-15"].severity == dg.AssetCheckSeverity.WARN
        if warned:
            assert "cause mix" in found["2024-01-15"].metadata["what"].value


def test_the_windows_mlflow_run_carries_its_drift_and_links_the_run_compared_with(told):
    _, _, tracker, _, runs = told
    from mlflow import MlflowClient

    client = MlflowClient(tracker.backend_uri)
    found = client.get_run(runs[2]).data
    assert found.tags["compared_with"] == runs[1]
    assert found.metrics["drift_js_shares"] > 0.05 and found.metrics["drift_js_shares_q_value"] < 0.05
    parts = sum(found.metrics[f"drift_change_{cause}"] for cause in ("mix", "within", "model", "ingest"))
    assert parts == pytest.approx(found.metrics["drift_change"])
    assert "drift_timeline.png" in [file.path for file in client.list_artifacts(runs[2])]
    assert "compared_with" not in client.get_run(runs[0]).data.tags
