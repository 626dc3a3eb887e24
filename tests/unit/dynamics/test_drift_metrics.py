"""Laws of the drift measures as a whole: calibration, power, causes, and the edges."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from drifting import interests, pair, side, texts

from interest_platform.configuration import DriftSettings
from interest_platform.domain.dynamics_tables import DRIFT_METRICS
from interest_platform.domain.windows import Grain, Window, WindowGrid
from interest_platform.dynamics.drift import drift_metrics, judged, reference_of, windows_back, with_segments
from interest_platform.dynamics.drift.alarms import KNOWN
from interest_platform.errors import MixedEncodersError

SETTINGS = DriftSettings(permutations=199)
DISTANCES = {"mmd", "energy", "centroid_shift"}
CHANGE = ["change_mix", "change_within", "change_model", "change_ingest"]


def measured(before, after, settings=SETTINGS) -> pl.DataFrame:
    metrics = drift_metrics(before, after, settings)
    start = dt.datetime(2024, 1, 8)
    DRIFT_METRICS.check(DRIFT_METRICS.conform(metrics, start), start)
    return metrics


def alarms(metrics, min_effect=SETTINGS.min_effect) -> pl.DataFrame:
    """The alarms where nothing is known of earlier windows."""
    settings = SETTINGS.model_copy(update={"min_effect": min_effect})
    return judged(metrics, pl.DataFrame(schema=KNOWN), settings).filter("alarm")


def row(metrics, metric, segment=None) -> dict:
    (found,) = metrics.filter((pl.col("metric") == metric) & pl.col("segment_id").eq_missing(segment)).to_dicts()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("returning", [0.0, 0.6])
def test_false_alarms_are_as_rare_as_promised(returning):
    pairs = [pair([seed, 7], users=60, dimensions=8, returning=returning) for seed in range(70)]
    found = [measured(*p, DriftSettings(permutations=99)) for p in pairs]
    p_values = pl.concat(m.filter(pl.col("p_value").is_not_null()).with_row_index("test") for m in found)
    # of n pairs at .05, three standard errors: .05 + 3 sqrt(.0475 / 70) = .128
    for metric, p in p_values.filter(pl.col("scope") == "window").group_by("metric"):
        assert (p["p_value"] <= 0.05).mean() <= 0.128, metric
    within = p_values.filter(pl.col("scope") == "segment")
    assert 0.02 <= (within["p_value"] <= 0.05).mean() <= 0.08
    assert 0.35 <= within["p_value"].median() <= 0.65


def test_a_new_segment_is_noticed_and_its_cause_is_the_mix():
    for seed in range(3):
        before, after = pair(seed, users=1_000, dimensions=32, new=0.15)
        metrics = measured(before, after)
        loud = alarms(metrics).filter(pl.col("scope") == "window")
        assert {"mmd", "energy", "centroid_shift", "js_shares", "psi_shares", "vocabulary"} <= set(loud["metric"])
        assert {row(metrics, name)["cause"] for name in ("mmd", "js_shares", "vocabulary")} == {"mix"}
        assert not set(loud["metric"]) & {"languages", "sources", "duplicates"}
        shares = json.loads(row(metrics, "js_shares")["detail"])["shares"]
        assert shares["s0004"] == pytest.approx([0.0, 0.15], abs=0.01)
        assert all(word.startswith("s0004-") for word, _ in json.loads(row(metrics, "vocabulary")["detail"])["more"])


def test_another_mix_of_languages_is_an_alarm_of_ingest():
    metrics = measured(*pair(3, users=400, german=0.4))
    loud = alarms(metrics)
    assert loud["metric"].to_list() == ["languages"] and loud["cause"].to_list() == ["ingest"]
    assert set(json.loads(loud["detail"][0])["texts"]) == {"de", "en"}


@pytest.mark.parametrize("new", [0.0, 0.2])
def test_causes_sum_to_the_change(new):
    before, after = pair(1, new=new)
    for other in (after, replace(after, settings="kmeans, k fixed 5")):
        metrics = measured(before, other)
        parts = [row(metrics, name) for name in CHANGE]
        total = row(metrics, "change")["value"]
        assert sum(part["value"] for part in parts) == pytest.approx(total, rel=1e-9)
        assert sum(part["effect"] for part in parts) == pytest.approx(1)
        assert [part["cause"] for part in parts] == ["mix", "within", "model", "ingest"]


def test_other_settings_on_the_same_users_are_all_model():
    before, _ = pair(5)
    turned = before.interests.with_columns(segment_id=pl.col("segment_id").replace({"s0003": "s0002"}))
    after = replace(before, window="2024-01-08", interests=turned, settings="kmeans, k fixed 3")
    metrics = measured(before, after)
    assert row(metrics, "model_changed")["value"] == 1
    assert row(metrics, "change_model")["value"] == pytest.approx(row(metrics, "change")["value"])
    assert alarms(metrics, 0.0).is_empty()


def test_vectors_of_two_encoders_are_not_compared():
    before, after = pair(2)
    other = replace(after, interests=after.interests.with_columns(encoder=pl.lit("tfidf")))
    metrics = measured(before, other)
    assert not set(metrics["metric"]) & (DISTANCES | {"change", "js_shares", "psi_shares", *CHANGE})
    changed = row(metrics, "model_changed")
    assert (changed["value"], changed["cause"]) == (1, "model")
    assert json.loads(changed["detail"]) == {"encoder": ["minilm", "tfidf"]}
    assert row(metrics, "vocabulary")["p_value"] is not None
    mixed = pl.concat([before.interests.head(1), other.interests.tail(1)])
    with pytest.raises(MixedEncodersError, match="drift_metrics of 2024-01-01"):
        drift_metrics(replace(before, interests=mixed), after, SETTINGS)


def test_the_order_of_rows_changes_no_bit():
    before, after = pair(4, new=0.1)

    def shuffled(given, seed):
        return replace(
            given,
            **{
                name: getattr(given, name).sample(fraction=1, shuffle=True, seed=seed)
                for name in ("interests", "texts", "history")
            },
        )

    first = measured(before, after)
    assert measured(shuffled(before, 1), shuffled(after, 2)).equals(first)
    assert measured(before, after).equals(first)
    assert not measured(before, after, SETTINGS.model_copy(update={"seed": 1})).equals(first)


def test_renamed_segments_change_names_alone():
    before, after = pair(6)
    names = {f"s{i:04d}": f"s{9 - i:04d}" for i in range(5)}

    def renamed(given):
        return replace(given, interests=given.interests.with_columns(pl.col("segment_id").replace(names)))

    first, second = measured(before, after), measured(renamed(before), renamed(after))
    kept = ["metric", "value", "effect"]
    for metrics in (first, second):
        assert metrics.filter(pl.col("scope") == "segment").height == 4 * 4
    a, b = (m.filter(pl.col("scope") == "segment").select(kept[:2]).sort("metric", "value") for m in (first, second))
    assert a["value"].to_list() == pytest.approx(b["value"].to_list())


def test_all_users_new_and_all_users_returning():
    for returning in (0.0, 1.0):
        metrics = measured(*pair(8, users=80, returning=returning))
        assert row(metrics, "mmd")["p_value"] > 0.01
        assert row(metrics, "mmd")["n_before"] == row(metrics, "mmd")["n_after"] == 80


def test_a_window_compared_with_itself_has_not_changed():
    before, _ = pair(9)
    metrics = measured(before, before)
    tested = metrics.filter(pl.col("p_value").is_not_null())
    assert tested["p_value"].to_list() == [1.0] * tested.height
    assert set(tested["effect"]) == {0.0}
    assert row(metrics, "change")["value"] == 0


def test_equal_vectors_and_equal_texts_have_not_changed():
    users = [f"u{i}" for i in range(30)]
    equal = interests(users, [[0.6, 0.8, 0.0]] * 30, ["s0001"] * 30)
    said = texts((u, "mail", "en", u, ["hello", "world"]) for u in users)
    before = side("2024-01-01", equal.head(15), said.head(15))
    metrics = measured(before, side("2024-01-08", equal.tail(15), said.tail(15)))
    tested = metrics.filter(pl.col("p_value").is_not_null())
    assert tested["p_value"].to_list() == [1.0] * tested.height
    assert tested["value"].to_list() == pytest.approx([0.0] * tested.height, abs=1e-6)


def test_one_user():
    before, after = pair(10, users=1, returning=0.0)
    for metrics in (measured(before, after), measured(before, before)):
        assert (metrics["p_value"].drop_nulls() >= 0.5).all()


def test_an_empty_window_says_how_much_came_in_and_no_more():
    before, after = pair(11, users=20)
    nobody = replace(
        before, interests=before.interests.clear(), texts=before.texts.clear(), history=before.history.clear()
    )
    metrics = measured(nobody, after)
    assert metrics["metric"].to_list() == ["volume"]
    assert (row(metrics, "volume")["n_before"], row(metrics, "volume")["n_after"]) == (0, 20)
    assert measured(after, nobody)["value"][0] == -metrics["value"][0]
    assert measured(nobody, nobody)["value"].to_list() == [0.0]


def test_users_without_segments_have_no_shares_and_change_within():
    before, after = pair(12)
    bare = [replace(s, interests=s.interests.with_columns(segment_id=pl.lit(None, pl.String))) for s in (before, after)]
    metrics = measured(*bare)
    assert not set(metrics["metric"]) & {"js_shares", "psi_shares"}
    assert set(metrics["scope"]) == {"window"}
    assert row(metrics, "change_mix")["value"] == pytest.approx(0, abs=1e-12)


def test_interests_get_the_segment_of_their_cluster():
    who = interests(["a", "b", "c"], np.eye(3), ["x"] * 3).drop("segment_id")
    members = pl.DataFrame({"user_key": ["c", "a", "b"], "interest_no": [0] * 3, "cluster_id": [1, 0, -1]})
    members = members.with_columns(pl.col("interest_no").cast(pl.Int32))
    identities = pl.DataFrame({"cluster_id": [0, 1], "segment_id": ["s0007", "s0002"]})
    found = with_segments(who, members, identities).sort("user_key")
    assert found["segment_id"].to_list() == ["s0007", None, "s0002"]


def test_a_large_window_is_sampled_and_says_so():
    metrics = measured(*pair(13, users=300), SETTINGS.model_copy(update={"max_users": 100}))
    assert row(metrics, "mmd")["n_before"] == 300
    assert sum(json.loads(row(metrics, "mmd")["detail"])["sampled"]) == pytest.approx(200, abs=30)
    assert row(metrics, "js_shares")["n_before"] == 300


@pytest.mark.parametrize(
    ("grain", "start", "window", "back", "reference"),
    [
        (Grain.MONTH, dt.date(2022, 1, 1), dt.datetime(2024, 3, 1), 12, dt.datetime(2023, 3, 1)),
        (Grain.WEEK, dt.date(2024, 1, 1), dt.datetime(2025, 1, 6), 52, dt.datetime(2024, 1, 8)),
        (Grain.DAY, dt.date(2024, 1, 1), dt.datetime(2024, 1, 9), 7, dt.datetime(2024, 1, 2)),
        (Grain.DAY, dt.date(2024, 1, 1), dt.datetime(2024, 1, 7), 7, None),
    ],
)
def test_the_season_is_the_same_month_week_or_weekday(grain, start, window, back, reference):
    grid, season = WindowGrid(grain, start), DriftSettings(reference="season")
    here = grid.shift(Window(window, window), 0)
    assert windows_back(season, grain) == back and windows_back(DriftSettings(), grain) == 1
    found = reference_of(here, season, grid)
    assert (found and found.start) == reference
    assert reference_of(grid.first, DriftSettings(), grid) is None
