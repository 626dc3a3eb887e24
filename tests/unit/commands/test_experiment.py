"""`interest experiment`: sizes, users dealt to variants, and a verdict from tables that a user brings."""

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from interest_platform.cli import app
from interest_platform.domain.pseudonyms import user_key
from interest_platform.domain.tables import USER_SEGMENT_FEATURES
from interest_platform.errors import ExperimentError, InterestError, SettingsError
from interest_platform.lake import Lake
from interest_platform.lake.table import Stamp
from interest_platform.settings import load_settings

PLAN = """
experiment: ranking
stages: [{control: 0.5, new: 0.5}]
holdout: 0.1
metrics: [{name: clicks}, {name: complaints, goal: down, margin: 0.5}]
planned_users: 2000
horizon_days: 7
before_days: 7
"""
START = dt.datetime(2024, 1, 8)
USERS = 1_200


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake whose first week has the users in two segments."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "interest.yaml").write_text("sources: [{name: shop, uri: x.csv}]\nwindows: {start: 2024-01-01}\n")
    told = {"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")}
    lake = Lake(load_settings(told))
    lake.prepare()
    window = lake.settings.grid.first
    keys = [user_key(b"k", "shop", f"u{n}") for n in range(USERS)]
    frame = pl.DataFrame(
        {"user_key": keys, "segment_id": [f"s{n % 2 + 1:04d}" for n in range(USERS)], "encoding_version": "v"}
    ).with_columns(pl.lit([1.0]).cast(pl.List(pl.Float32)).alias(name) for name in ("one_hot", "soft", "embedding"))
    name = USER_SEGMENT_FEATURES.name
    lake.replace(
        window, {name: USER_SEGMENT_FEATURES.conform(frame.sort("user_key"), window.start)}, Stamp("test", "run", "1")
    )
    yield lake
    lake.close()


@pytest.fixture
def place(lake, tmp_path, monkeypatch):
    """A folder with the plan, where commands are called from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTEREST_HOME", str(lake.settings.home))
    monkeypatch.setenv("INTEREST_CONFIG", str(lake.settings.config_path))
    monkeypatch.setenv("INTEREST_PSEUDONYM_KEY", "k")
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def called(capsys, *arguments):
    app(["experiment", *arguments], standalone_mode=False)
    return capsys.readouterr().out


def brought(folder, variants, gain):
    """Exposures from the Monday after the lake's window, clicks before and after; the new variant has more."""
    g = np.random.default_rng(1)
    taste = g.normal(5, 1, len(variants))
    at = [START + dt.timedelta(hours=n % 48) for n in range(len(variants))]
    users = [f"u{n}" for n in range(len(variants))]
    shown = pl.DataFrame({"experiment": "ranking", "user_id": users, "variant": variants, "ts": at})
    shown.filter(pl.col("variant").is_in(["control", "new"])).write_parquet(folder / "shown.parquet")
    more = np.array([gain if v == "new" else 0.0 for v in variants])
    told = [("clicks", -1, taste), ("clicks", 1, taste + more + g.normal(0, 0.3, len(more)))]
    told += [("complaints", 1, g.normal(1, 0.3, len(more)))]
    pl.concat(
        pl.DataFrame(
            {"user_id": users, "metric": metric, "value": value, "ts": [t + dt.timedelta(days=day) for t in at]}
        )
        for metric, day, value in told
    ).write_parquet(folder / "done.parquet")


def test_a_size_is_the_planners(place, capsys):
    assert called(capsys, "size", "--baseline", "0.1", "--effect", "0.01") == ("14,751 control users, 14,751 treated\n")


@pytest.mark.parametrize("more", [[], ["--baseline", "0.1", "--sd", "1"]])
def test_a_size_needs_one_kind_of_metric(place, more):
    with pytest.raises(SettingsError, match="either --baseline"):
        app(["experiment", "size", "--effect", "0.01", *more], standalone_mode=False)


def test_users_are_dealt_as_the_library_deals_them_and_each_segment_is_shown(place, lake, capsys):
    from interest_platform.recommendation.experiment.assignment import Assignment

    shown = called(capsys, "assign", "plan.yaml", "--out", "dealt.parquet")
    assert "s0001" in shown and "holdout" in shown
    dealt = pl.read_parquet(place / "dealt.parquet")
    assert dealt.height == USERS
    wanted = Assignment("ranking", ({"control": 0.5, "new": 0.5},), 0.1).assign(dealt["user_key"])
    assert dealt["variant"].equals(wanted)


def test_an_experiment_that_helps_is_shipped_with_segments_from_the_lake(place, capsys):
    called(capsys, "assign", "plan.yaml", "--out", "dealt.csv")
    dealt = dict(pl.read_csv(place / "dealt.csv").select("user_key", "variant").iter_rows())
    variants = [dealt[user_key(b"k", "shop", f"u{n}")] for n in range(USERS)]
    brought(place, variants, gain=0.5)
    given = ["report", "plan.yaml", "--exposures", "shown.parquet", "--outcomes", "done.parquet"]
    found = json.loads(called(capsys, *given, "--json"))
    assert found["verdicts"]["new"].startswith("ship: better; clicks +0.")
    assert found["users"] == {v: variants.count(v) for v in ("control", "new")}
    assert {row["segment_id"] for row in found["segments"]} == {"s0001", "s0002"}
    assert {row["method"] for row in found["metrics"]} == {"plain", "cuped", "stratified"}
    assert "new: ship: better" in called(capsys, *given)


def test_before_the_horizon_is_over_nothing_is_judged(place, capsys):
    brought(place, ["control", "new"] * 100, gain=0.5)
    given = ["report", "plan.yaml", "--exposures", "shown.parquet", "--outcomes", "done.parquet"]
    with pytest.raises(ExperimentError, match="wait until both have two or more"):
        app(["experiment", *given, "--until", "2024-01-10"], standalone_mode=False)


def test_a_plan_with_an_unknown_key_is_told_what_is_allowed(place):
    (place / "plan.yaml").write_text(PLAN + "horizon: 3\n")
    with pytest.raises(SettingsError, match=r"plan\.yaml: unknown key horizon; did you mean 'horizon_days'"):
        app(["experiment", "assign", "plan.yaml"], standalone_mode=False)


def test_a_plan_that_only_deals_cant_be_judged(place):
    (place / "plan.yaml").write_text("experiment: ranking\nstages: [{control: 0.5, new: 0.5}]\n")
    with pytest.raises(ExperimentError, match="give metrics and planned_users"):
        app(["experiment", "report", "plan.yaml", "--exposures", "x.csv", "--outcomes", "y.csv"], standalone_mode=False)


def test_a_plan_that_is_not_there_is_one_line(place):
    with pytest.raises(SettingsError, match=r"none\.yaml can't be read: No such file"):
        app(["experiment", "assign", "none.yaml"], standalone_mode=False)


def test_a_window_without_users_has_nobody_to_deal(place):
    with pytest.raises(InterestError, match="no users in 2024-01-08"):
        app(["experiment", "assign", "plan.yaml", "--window", "2024-01-08"], standalone_mode=False)


def test_every_key_of_the_plan_is_documented():
    from pathlib import Path

    from interest_platform.recommendation.experiment.plan_file import ExperimentFile, MetricSettings

    text = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()
    fields = {**ExperimentFile.model_fields, **{f"metrics.{k}": f for k, f in MetricSettings.model_fields.items()}}
    assert [name for name, f in fields.items() if f"| `{name}` |" not in text or f.description not in text] == []
