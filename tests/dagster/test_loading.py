"""What Dagster is told when windows are loaded: real assets, real lake, real encoder, on a small home."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from support import CONFIG, make_workplace, posts

from interest_platform.code_location import platform_definitions
from interest_platform.domain.tables import TABLES
from interest_platform.jobs import LINE
from interest_platform.lake import Lake
from interest_platform.runs import RunFailed, fail_dead_runs, process_tags, run_windows
from interest_platform.settings import Settings, load_settings
from interest_platform.stores import prepare
from interest_platform.tracking import Tracker

LINE_ASSETS = {
    "raw_texts", "rejected_texts", "cleaned_tokens", "embeddings", "user_interests",
    "cluster_snapshots", "cluster_members", "segment_features", "user_segment_features",
}  # fmt: skip


class Home:
    """A workplace with its settings, Dagster instance and lake."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
        monkeypatch.setenv("INTEREST_HOME", str(folder / "home"))
        monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
        self.folder = folder
        self.settings: Settings = load_settings()
        self.instance = prepare(self.settings)
        self.lake = Lake(self.settings)
        self.windows = list(self.settings.grid)

    def run(self, *windows: int, assets: set[str] | None = None) -> str:
        """Run the line, or only some assets of it, over the numbered windows."""
        defs = platform_definitions(load_settings())
        chosen = [self.windows[i] for i in windows]
        if assets is None:
            return run_windows(defs, self.instance, LINE, chosen)
        job = dg.define_asset_job("part", selection=dg.AssetSelection.assets(*assets))
        return run_windows(dg.Definitions.merge(defs, dg.Definitions(jobs=[job])), self.instance, "part", chosen)

    def landed(self, asset: str) -> set[str]:
        return self.instance.get_materialized_partitions(dg.AssetKey(asset))

    def metadata(self, asset: str, partition: str) -> dict:
        records = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[partition]), limit=1
        ).records
        return {k: v.value for k, v in records[0].asset_materialization.metadata.items()}


@pytest.fixture(scope="module")
def monkeymodule():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, monkeymodule) -> Home:
    frame = posts().vstack(
        pl.DataFrame(
            [("person-00@example.org", "", posts()["ts"][0], "coffee-0", 1.0)], schema=posts().schema, orient="row"
        )
    )
    home = Home(make_workplace(tmp_path_factory.mktemp("loaded"), CONFIG, frame), monkeymodule)
    home.run_id = home.run(0, 1, 2)
    return home


def test_one_run_over_the_range_lands_every_window_of_every_asset(loaded):
    keys = {w.key for w in loaded.windows}
    assert {asset: loaded.landed(asset) for asset in LINE_ASSETS} == dict.fromkeys(LINE_ASSETS, keys)
    assert len(loaded.instance.get_runs()) == 1


def test_every_window_tells_rows_table_schema_lineage_and_versions(loaded):
    for asset in LINE_ASSETS:
        told = loaded.metadata(asset, "2024-01-08")
        rows = loaded.lake.read(TABLES[asset], [loaded.windows[1]]).height
        assert told["rows"] == told["dagster/partition_row_count"] == rows
        assert told["dagster/table_name"] == f"lake.interest.{asset}"
        assert [c.name for c in told["dagster/column_schema"].columns] == TABLES[asset].names
        assert told["lake_version_read"] < told["lake_version_written"]
    lineage = loaded.metadata("user_interests", "2024-01-08")["dagster/column_lineage"].deps_by_column
    assert ("embeddings", "vector") in {(d.asset_key.to_user_string(), d.column_name) for d in lineage["vector"]}


def test_a_clustering_links_its_mlflow_run_which_names_dagster_run_partition_and_lake_version(loaded):
    told = loaded.metadata("cluster_snapshots", "2024-01-15")
    rows = loaded.lake.read(TABLES["cluster_snapshots"], [loaded.windows[2]])
    assert rows["mlflow_run_id"].unique().to_list() == [told["mlflow_run_id"]]
    assert f"/runs/{told['mlflow_run_id']}" in told["mlflow_run"]
    from mlflow import MlflowClient

    run = MlflowClient(Tracker(loaded.settings).backend_uri).get_run(told["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    tags = run.data.tags
    assert (tags["dagster_run_id"], tags["partition"]) == (loaded.run_id, "2024-01-15")
    assert int(tags["lake_version"]) == told["lake_version_read"] == rows["lake_version"][0]


def test_checks_are_recorded_for_each_window_and_pass(loaded):
    graph = platform_definitions(loaded.settings).resolve_asset_graph()
    keys = [key for key in graph.asset_check_keys if key.asset_key.to_user_string() in LINE_ASSETS]
    assert len(keys) >= 15
    for key in keys:
        records = loaded.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        evaluations = [r.event.dagster_event.event_specific_data for r in records if r.event]
        assert {e.partition for e in evaluations} >= {w.key for w in loaded.windows}, key
        if graph.get_check_spec(key).blocking:
            assert all(e.passed for e in evaluations), key


def test_rejected_rows_are_counted_by_reason(loaded):
    told = loaded.metadata("raw_texts", "2024-01-01")
    assert (told["rows_read"], told["accepted"], told["rejected"]) == (25, 24, 1)
    assert told["rejected_by_reason"] == {"empty_text": 1}


def test_a_second_run_encodes_nothing_supersedes_the_mlflow_run_and_changes_no_cluster(loaded):
    def clusters() -> pl.DataFrame:
        return loaded.lake.read(TABLES["cluster_snapshots"], [loaded.windows[0]]).drop("mlflow_run_id", "lake_version")

    before, first = clusters(), loaded.metadata("cluster_snapshots", "2024-01-01")["mlflow_run_id"]
    loaded.run(0)
    assert loaded.metadata("embeddings", "2024-01-01")["texts_encoded"] == 0
    assert clusters().equals(before)
    from mlflow import MlflowClient

    second = loaded.metadata("cluster_snapshots", "2024-01-01")["mlflow_run_id"]
    assert MlflowClient(Tracker(loaded.settings).backend_uri).get_run(first).data.tags["superseded_by"] == second


def test_history_is_honest_about_how_many_windows_were_there(loaded):
    present = loaded.lake.read(TABLES["user_interests"], columns=["window_start", "windows_present"])
    assert present.unique().sort("window_start")["windows_present"].to_list() == [1, 2, 2]


def test_an_empty_window_lands_with_zero_rows(tmp_path, monkeypatch):
    gap = posts().filter(~pl.col("ts").dt.date().is_between(pl.date(2024, 1, 8), pl.date(2024, 1, 14)))
    home = Home(make_workplace(tmp_path / "w", CONFIG.replace("lookback: 2", "lookback: 1"), gap), monkeypatch)
    home.run(0, 1)
    for asset in LINE_ASSETS:
        assert home.metadata(asset, "2024-01-08")["rows"] == 0
    assert len(home.lake.loaded_windows("segment_features", home.windows)) == 2


def test_windows_that_landed_before_another_failed_are_recorded_and_the_error_is_told(tmp_path, monkeypatch):
    home = Home(make_workplace(tmp_path / "w"), monkeypatch)
    texts = {"raw_texts", "rejected_texts", "cleaned_tokens", "embeddings"}
    home.run(0, 1, 2, assets=texts)
    config = home.folder / "interest.yaml"
    config.write_text(CONFIG + "encoder: {max_tokens: 64}\n")
    home.run(2, assets={"embeddings"})
    with pytest.raises(RunFailed, match="user_interests of 2024-01-15") as error:
        home.run(0, 1, 2, assets={"user_interests"})
    assert "\n" not in str(error.value)
    assert home.landed("user_interests") == {"2024-01-01", "2024-01-08"}
    assert len(home.lake.loaded_windows("user_interests", home.windows)) == 2


def test_a_run_whose_process_is_gone_is_failed_by_the_next_command(tmp_path, monkeypatch):
    home = Home(make_workplace(tmp_path / "w"), monkeypatch)
    job = platform_definitions(home.settings).resolve_job_def(LINE)
    gone = process_tags() | {"interest/process_started": "1.00"}
    dead = home.instance.create_run_for_job(job, tags=gone, status=dg.DagsterRunStatus.STARTED)
    alive = home.instance.create_run_for_job(job, tags=process_tags(), status=dg.DagsterRunStatus.STARTED)
    assert fail_dead_runs(home.instance, Tracker(home.settings)) == [dead.run_id]
    assert home.instance.get_run_by_id(dead.run_id).status == dg.DagsterRunStatus.FAILURE
    assert home.instance.get_run_by_id(alive.run_id).status == dg.DagsterRunStatus.STARTED
