"""Alarms are worth reading: more than chance, more than is usual, lasting or great; three headlines at most."""

import datetime as dt

import polars as pl
import pytest

from interest_platform.configuration import DriftSettings
from interest_platform.dynamics.drift import SCHEMA, judged
from interest_platform.dynamics.drift.alarms import KNOWN

SETTINGS = DriftSettings()


def measures(*rows):
    """Rows of (segment, metric, effect, q)."""
    base = {"value": 0.1, "p_value": 0.001, "n_before": 50, "n_after": 50, "cause": "within", "reference": "2024-01-01"}
    told = [
        base | {"scope": "segment" if segment else "window", "segment_id": segment, "metric": metric}
        | {"effect": effect, "q_value": q, "detail": None}
        for segment, metric, effect, q in rows
    ]  # fmt: skip
    return pl.DataFrame(told, SCHEMA)


def history(segment, metric, effects, q=0.5):
    start = dt.datetime(2024, 1, 1)
    rows = [
        (start + dt.timedelta(weeks=n), "segment" if segment else "window", segment, metric, effect, q)
        for n, effect in enumerate(effects)
    ]
    return pl.DataFrame(rows, KNOWN, orient="row")


def loud(metrics, past=None):
    found = judged(metrics, pl.DataFrame(schema=KNOWN) if past is None else past, SETTINGS)
    return found.filter("alarm").select("segment_id", "metric").rows()


@pytest.mark.parametrize(
    ("effect", "q", "alarm"), [(0.3, 0.01, True), (0.3, 0.06, False), (0.04, 0.01, False), (None, None, False)]
)
def test_without_a_history_chance_and_size_decide(effect, q, alarm):
    assert bool(loud(measures((None, "energy", effect, q)))) is alarm


def test_what_is_usual_for_a_segment_is_no_alarm():
    past = history("s0001", "energy", [0.30, 0.32, 0.28, 0.31])
    # the usual is .305, the spread 1.4826 * .01, thus the floor of .025: .355 is two spreads, .405 four
    assert loud(measures(("s0001", "energy", 0.35, 0.001)), past) == []
    assert loud(measures(("s0001", "energy", 0.41, 0.001)), past) == [("s0001", "energy")]


def test_a_smaller_excess_is_an_alarm_where_it_lasts():
    past = history("s0001", "energy", [0.30, 0.32, 0.28, 0.31])
    again = pl.concat([past, history("s0001", "energy", [0.0] * 4 + [0.38], q=0.01).tail(1)])
    assert loud(measures(("s0001", "energy", 0.38, 0.001)), past) == []
    assert loud(measures(("s0001", "energy", 0.38, 0.001)), again) == [("s0001", "energy")]


def test_a_new_segment_is_held_against_the_others():
    past = pl.concat([history(f"s{n:04d}", "energy", [0.3]) for n in range(4)])
    assert loud(measures(("s0009", "energy", 0.3, 0.001)), past) == []
    assert loud(measures(("s0009", "energy", 0.5, 0.001)), past) == [("s0009", "energy")]


def test_there_are_three_headlines_at_most_one_a_segment_the_farthest_from_the_usual_first():
    rows = [(f"s{n:04d}", metric, 0.1 * n, 0.001) for n in range(1, 6) for metric in ("energy", "vocabulary")]
    found = judged(measures(*rows), pl.DataFrame(schema=KNOWN), SETTINGS, {"s0005": "tea, cup"})
    told = found.drop_nulls("headline").sort("headline")
    assert told["segment_id"].to_list() == ["s0005", "s0004", "s0003"]
    assert found["alarm"].sum() == 10
    assert told["sentence"][0] == "Segment s0005 (tea, cup): what they write about changed (effect 0.50)."


def test_a_headline_of_all_users_says_the_cause():
    found = judged(measures((None, "energy", 0.5, 0.001)), history(None, "energy", [0.1] * 4), SETTINGS)
    assert found["sentence"].to_list() == [
        "All users: what they write about changed (effect 0.50 where 0.10 is usual), mainly since the same segments "
        "write about something else."
    ]


def test_no_measure_is_lost_and_none_is_changed():
    metrics = measures(("s0001", "energy", 0.2, 0.01), (None, "volume", None, None))
    found = judged(metrics, pl.DataFrame(schema=KNOWN), SETTINGS)
    assert found.select(SCHEMA.names()).equals(metrics)
