"""Every clusterer through the line, from a source with vectors to segments, by one key of interest.yaml."""

import datetime as dt

import dagster as dg
import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import CLUSTERERS
from interest_platform.code_location import platform_definitions
from interest_platform.domain.tables import TABLES
from interest_platform.jobs import LINE
from interest_platform.lake import Lake
from interest_platform.runs import run_windows
from interest_platform.settings import load_settings
from interest_platform.stores import prepare

CONFIG = """
sources: [{name: planted, uri: planted.parquet, columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-15, lookback: 1}
drift: {permutations: 19}
planted: {repeats: 0}
clustering: {method: METHOD, RULE}
"""
CURVED = {"kmeans": "k_rule: stability, k_range: [1, 8]", "gaussian-mixture": "k_rule: bic, k_range: [1, 8]"}
RULES = CURVED | dict.fromkeys(("minibatch-kmeans", "hierarchical"), "k_rule: split_test")
USERS, STRAYS, D = 120, 12, 16


def planted():
    """Two weeks of a text a user: four clusters, and users who are near to none; some of these change over."""
    g = np.random.default_rng(0)
    rows = []
    for week in range(2):
        for user in range(USERS + STRAYS):
            strays = user >= USERS + (week == 1) * STRAYS // 2 or (week == 1 and user < 3)
            centre = -np.ones(D) + 2.5 * g.normal(size=D) if strays else 4 * np.eye(D)[user % 4]
            vector = centre + 0.3 * g.normal(size=D)
            day = dt.datetime(2024, 1, 1) + dt.timedelta(days=7 * week + 1)
            rows.append((f"user-{user:03d}", day, (vector / np.linalg.norm(vector)).tolist()))
    schema = {"user_id": pl.String, "ts": pl.Datetime("us"), "vector": pl.List(pl.Float32)}
    return pl.DataFrame(rows, schema, orient="row")


@pytest.fixture(params=sorted(CLUSTERERS))
def loaded(request, tmp_path, monkeypatch):
    """The method, the lake it was loaded into, and the failed checks of the run."""
    planted().write_parquet(tmp_path / "planted.parquet")
    config = CONFIG.replace("METHOD", request.param).replace("RULE", RULES.get(request.param, "k: auto"))
    (tmp_path / "interest.yaml").write_text(config)
    monkeypatch.setenv("INTEREST_CONFIG", str(tmp_path / "interest.yaml"))
    monkeypatch.setenv("INTEREST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "test key")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    settings = load_settings()
    instance = prepare(settings)
    run = run_windows(platform_definitions(settings), instance, LINE, list(settings.grid))
    records = instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [r.dagster_event.event_specific_data for r in records]
    return (
        request.param,
        Lake(settings),
        {(e.asset_key.to_user_string(), e.check_name) for e in evaluations if not e.passed},
    )


@pytest.mark.slow
def test_a_method_is_one_key_and_every_count_adds_up(loaded):
    method, lake, failed = loaded
    assert not {name for _, name in failed} & {"contract", "conservation"}
    read = {name: lake.read(TABLES[name]) for name in TABLES}
    clusters, members = read["cluster_snapshots"], read["cluster_members"]
    assert clusters["method"].unique().to_list() == [method]
    assert members.height == 2 * (USERS + STRAYS)
    left = members.filter(pl.col("cluster_id") == -1)
    assert (left.height > 0) == (method == "hdbscan")
    assert clusters["size"].sum() + left.height == members.height
    _no_segment_of_the_unassigned(read, left)
    _what_the_method_keeps(method, read)


def _no_segment_of_the_unassigned(read, left):
    identities, segments = read["segment_identities"], read["segment_features"]
    assert identities["cluster_id"].min() >= 0
    assert "unassigned" not in {*identities["segment_id"], *segments["segment_id"]}
    users, flows = read["user_segment_features"], read["segment_migrations"]
    named = left.select("window_start", "user_key").sort("window_start", "user_key")
    unassigned = users.filter(pl.col("segment_id") == "unassigned").sort("window_start", "user_key")
    assert unassigned.select(named.columns).equals(named)
    assert unassigned["one_hot"].list.sum().to_list() == [0.0] * left.height
    np.testing.assert_allclose(users["soft"].list.sum().to_numpy(), 1, atol=1e-4)
    into = flows.drop_nulls("to_segment").group_by("window_start").agg(pl.col("users").sum()).sort("window_start")
    np.testing.assert_allclose(into["users"].to_numpy(), USERS + STRAYS)
    held = flows.filter(pl.col("to_segment") == "unassigned")["users"].sum()
    assert held == pytest.approx(left.height)


def _what_the_method_keeps(method, read):
    members, curves, trees = read["cluster_members"], read["k_curves"], read["cluster_trees"]
    own = method in {"hdbscan", "gaussian-mixture"}
    assert members["memberships"].null_count() == (0 if own else members.height)
    assert members["leaf"].null_count() == (0 if method == "hierarchical" else members.height)
    assert trees.is_empty() == (method != "hierarchical")
    assert curves.is_empty() == (method not in CURVED)
    chosen = curves.filter("chosen").select("window_start", "k")
    found = read["cluster_snapshots"].select("window_start", "k").unique().sort("window_start")
    if method in CURVED:
        assert chosen.equals(found)
