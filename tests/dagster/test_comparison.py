"""A comparison through Dagster: rows, nested runs, and what of it is not done twice."""

import datetime as dt
import os

import dagster as dg
import numpy as np
import polars as pl
import pytest

from interest_platform.assets import comparison_leaderboard as asset
from interest_platform.code_location import platform_definitions
from interest_platform.comparing import prepared_comparison, texts_to_load
from interest_platform.domain.comparison_tables import COMPARISON_LEADERBOARD
from interest_platform.domain.tables import TABLES
from interest_platform.errors import NotTrainedError
from interest_platform.jobs import COMPARISON, LINE
from interest_platform.lake import Lake
from interest_platform.restating import keys_of
from interest_platform.runs import RunFailed, run_windows
from interest_platform.settings import load_settings
from interest_platform.stores import prepare
from interest_platform.tracking import Tracker

pytestmark = pytest.mark.slow

CONFIG = """
sources: [{name: planted, uri: planted.parquet, columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 1}
clustering: {k_range: [1, 6], n_init: 3}
comparison:
  methods: [kmeans, hdbscan]
  k_rules: [silhouette, elbow]
  end: 2024-01-15
"""
USERS, D = 60, 8
KEY = ["window_start", "method", "k_rule"]
TIMES = ["seconds", "peak_memory_mib"]


def planted():
    """Three weeks of a text a user: four clusters that are the categories."""
    g = np.random.default_rng(0)
    rows = []
    for week in range(3):
        for user in range(USERS):
            vector = 4 * np.eye(D)[user % 4] + 0.3 * g.normal(size=D)
            day = dt.datetime(2024, 1, 1) + dt.timedelta(days=7 * week + 1)
            unit = (vector / np.linalg.norm(vector)).tolist()
            rows.append((f"user-{user:03d}", day, f"subject {user % 4}", unit))
    schema = {"user_id": pl.String, "ts": pl.Datetime("us"), "category": pl.String, "vector": pl.List(pl.Float32)}
    return pl.DataFrame(rows, schema, orient="row")


class Home:
    """A home with texts loaded, and no table of the line beyond them."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = load_settings(os.environ)
        self.instance = prepare(self.settings)
        self.lake = Lake(self.settings)
        self.windows = list(self.settings.grid)
        run_windows(self._defs, self.instance, LINE, self.windows, keys_of(self._defs, ["raw_texts", "cleaned_tokens"]))

    @property
    def _defs(self):
        return platform_definitions(load_settings(os.environ))

    def compare(self, *numbers):
        return run_windows(self._defs, self.instance, COMPARISON, [self.windows[n] for n in numbers])

    def rows(self):
        return self.lake.read(COMPARISON_LEADERBOARD).sort(KEY)

    def runs(self):
        from mlflow import MlflowClient

        tracker = Tracker(self.settings)
        client = MlflowClient(tracking_uri=tracker.backend_uri)
        return client, client.search_runs([tracker._experiment_id])


@pytest.fixture
def home(tmp_path, monkeypatch):
    planted().write_parquet(tmp_path / "planted.parquet")
    (tmp_path / "interest.yaml").write_text(CONFIG)
    monkeypatch.setenv("INTEREST_CONFIG", str(tmp_path / "interest.yaml"))
    monkeypatch.setenv("INTEREST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
    home = Home(tmp_path)
    yield home
    home.lake.close()


def test_every_cell_has_a_row_a_window_and_a_nested_run_with_a_step_a_window(home):
    run_id = home.compare(0, 1)
    rows = home.rows()
    cells = [("hdbscan", "density"), ("kmeans", "elbow"), ("kmeans", "silhouette")]
    starts = [window.start for window in home.windows[:2]]
    assert rows.select(KEY).rows() == [(start, *cell) for start in starts for cell in cells]
    silhouette = rows.filter(pl.col("k_rule") == "silhouette")
    assert silhouette["k"].to_list() == [4, 4]
    assert silhouette["ami"].to_list() == pytest.approx([1, 1])
    assert rows["labelled"].to_list() == [USERS] * 6
    client, runs = home.runs()
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = {run.data.tags["mlflow.runName"]: run for run in runs if run is not parent}
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {parent.info.run_id}
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["dagster_run_id"] for run in runs} == {run_id}
    assert sorted(children) == [f"given planted, {method} {rule}" for method, rule in cells]
    child = children["given planted, kmeans silhouette"]
    assert child.data.params["k_rule"] == "silhouette" and child.data.params["seed"] == "0"
    assert {m.step: m.value for m in client.get_metric_history(child.info.run_id, "k")} == {0: 4, 1: 4}
    curve = client.get_metric_history(child.info.run_id, "curve/2024-01-08/silhouette")
    assert max(curve, key=lambda m: m.value).step == 4
    assert set(silhouette["mlflow_run_id"]) == {child.info.run_id}
    assert client.list_artifacts(parent.info.run_id)[0].path == "leaderboard.parquet"
    filled = {name for name in TABLES if home.lake.read(TABLES[name]).height}
    assert filled == {"raw_texts", "cleaned_tokens", "comparison_leaderboard", "window_loads"}


def test_a_second_comparison_measures_nothing_again_and_stays_in_its_runs(home, monkeypatch):
    home.compare(0)
    first = home.rows()
    monkeypatch.setattr(asset, "measure", None)
    home.compare(0)
    assert home.rows().drop("lake_version").equals(first.drop("lake_version"))
    assert len(home.runs()[1]) == 4


def test_measured_anew_all_but_time_and_memory_is_the_same(home, monkeypatch):
    home.compare(0)
    first = home.rows()
    monkeypatch.setattr("interest_platform.comparison.digest.VERSION", 99)
    home.compare(0)
    other = ["digest", "lake_version", *TIMES]
    assert home.rows().drop(other).equals(first.drop(other))
    assert not set(home.rows()["digest"]) & set(first["digest"])


def test_a_killed_comparison_goes_on_with_the_cell_it_was_killed_in(home, monkeypatch):
    monkeypatch.setattr(asset, "WRITTEN_EVERY", 0.0)
    measure, asked = asset.measure, []

    def dies_in_the_fifth(*arguments):
        asked.append(arguments[3])
        if len(asked) == 5:
            raise KeyboardInterrupt
        return measure(*arguments)

    monkeypatch.setattr(asset, "measure", dies_in_the_fifth)
    with pytest.raises((RunFailed, KeyboardInterrupt)):
        home.compare(0, 1)
    assert home.rows().height == 4
    statuses = {run.info.status for run in home.runs()[1]}
    assert "RUNNING" not in statuses and "FINISHED" not in statuses
    home.compare(0, 1)
    assert len(asked) == 5 + 2 and home.rows().height == 6
    client, runs = home.runs()
    assert len(runs) == 4 and {run.info.status for run in runs} == {"FINISHED"}
    assert not any("error" in run.data.tags for run in runs)
    child = next(run for run in runs if run.data.tags["mlflow.runName"].endswith("kmeans elbow"))
    assert [m.step for m in client.get_metric_history(child.info.run_id, "k")] == [0, 1]


def test_another_grid_replaces_the_rows_of_cells_that_are_no_longer_in_it(home):
    home.compare(0)
    config = CONFIG.replace("[kmeans, hdbscan]", "[kmeans]").replace("[silhouette, elbow]", "[elbow]\n  ks: [3]")
    (home.folder / "interest.yaml").write_text(config)
    home.compare(0)
    assert home.rows()["k_rule"].to_list() == ["elbow", "k=3"]
    assert home.rows()["k"].to_list()[1] == 3
    _, runs = home.runs()
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 2


def test_a_window_that_is_not_loaded_is_one_line(home):
    home.lake.close()
    (home.folder / "interest.yaml").write_text(CONFIG.replace("2024-01-22", "2024-01-29").replace("01-15", "01-29"))
    late = list(load_settings(os.environ).grid)[3]
    with pytest.raises(RunFailed, match=r"the texts of 2024-01-22 are not loaded; `interest run --from 2024-01-22`"):
        run_windows(home._defs, home.instance, COMPARISON, [late])


def test_the_materialisation_says_what_was_measured_and_where(home):
    run_id = home.compare(0)
    records = home.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    told = {r.dagster_event.asset_key.to_user_string(): r.dagster_event.materialization.metadata for r in records}
    metadata = told["comparison_leaderboard"]
    assert metadata["cells_measured"].value == 3 and metadata["cells_known"].value == 0
    assert metadata["ranking"].value == "ranked by mean AMI to the labels"
    assert metadata["mlflow_run"].value.startswith("http://127.0.0.1:5000/#/experiments/")
    assert "hdbscan finds k itself" in str(metadata["notes"].value)


def test_an_encoder_that_can_not_be_trained_yet_is_one_line_before_anything_is_written(tmp_path):
    (tmp_path / "interest.yaml").write_text(
        "sources: [{name: notes, uri: x.csv}]\nwindows: {start: 2024-01-01, end: 2024-01-15}\n"
        "comparison: {encoders: [{kind: tfidf, train: {start: 2024-01-08}}, {kind: word2vec}]}\n"
    )
    settings = load_settings({"INTEREST_CONFIG": f"{tmp_path}/interest.yaml", "INTEREST_HOME": f"{tmp_path}/home"})
    lake = Lake(settings)
    lake.prepare()
    assert texts_to_load(settings, lake, list(settings.grid)[:1]) == list(settings.grid)
    told = r"comparison\.encoders\.0: tfidf is not trained, and 1 windows .* are not loaded \(first: 2024-01-08"
    with pytest.raises(NotTrainedError, match=told):
        prepared_comparison(settings, lake, Tracker(settings), "run", "comparison_vectors")
    lake.close()
