import dataclasses
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from interest_platform.errors import ContractError, ExperimentError
from interest_platform.recommendation.experiment.cuped import cuped, stratified
from interest_platform.recommendation.experiment.estimate import difference, from_arms
from interest_platform.recommendation.experiment.guardrails import Goal
from interest_platform.recommendation.experiment.report import Metric, Plan, report
from interest_platform.recommendation.experiment.tables import exposed, mature, per_user

START, DAY = datetime(2026, 1, 1), timedelta(days=1)
UNTIL = START + 60 * DAY
PLAN = Plan(
    "ranking",
    {"control": 0.5, "new": 0.5},
    (Metric("clicks"), Metric("complaints", Goal.DOWN, margin=0.5)),
    planned_users=2000,
    horizon=7 * DAY,
    before=7 * DAY,
)


def exposures(rows: list[tuple]) -> pl.DataFrame:
    columns = {"user_key": pl.String, "variant": pl.String, "ts": pl.Datetime("us")}
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(experiment=pl.lit("ranking"))


def outcomes(rows: list[tuple]) -> pl.DataFrame:
    columns = {"user_key": pl.String, "metric": pl.String, "value": pl.Float64, "ts": pl.Datetime("us")}
    return pl.DataFrame(rows, schema=columns, orient="row")


def many(effect: float, n: int = 2000, complaints: float = 0.0, lost: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Users of segments 0 to 2, over 30 days; clicks a day before and after; `lost`: share of treated never logged."""
    rng = np.random.default_rng(8)
    treated, segment, taste = rng.random(n) < 0.5, rng.integers(0, 3, n), rng.normal(5, 2, n)
    keep = ~(treated & (rng.random(n) < lost))
    first = [START + timedelta(hours=float(h)) for h in rng.uniform(0, 720, n)]
    users = pl.DataFrame(
        {
            "experiment": "ranking",
            "user_key": [f"u{i}" for i in range(n)],
            "variant": np.where(treated, "new", "control"),
            "ts": first,
            "segment_id": segment.astype(str),
        }
    )
    values = {
        ("clicks", -1): taste + rng.normal(0, 1, n),
        ("clicks", 1): taste + rng.normal(0, 1, n) + effect * treated,
        ("complaints", 1): rng.normal(1, 0.5, n) + complaints * treated,
    }
    told = [
        users.select("user_key", metric=pl.lit(metric), value=pl.Series(of), ts=pl.col("ts") + day * DAY)
        for (metric, day), of in values.items()
    ]
    return users.filter(pl.Series(keep)), pl.concat(told)


def test_only_outcomes_from_the_first_exposure_on_and_within_the_horizon_count():
    users, _ = exposed(
        exposures([("u", "new", START + DAY), ("u", "new", START), ("v", "new", START)]), "ranking", UNTIL
    )
    told = [("clicks", 1.0, -1), ("clicks", 2.0, 0), ("clicks", 4.0, 6), ("clicks", 8.0, 7), ("other", 16.0, 1)]
    frame = outcomes([("u", metric, value, START + day * DAY) for metric, value, day in told])
    by_user = dict(zip(users["user_key"], per_user(users, frame, "clicks", 0 * DAY, 7 * DAY), strict=True))
    assert by_user == {"u": 6.0, "v": 0.0}
    before = per_user(users, frame, "clicks", -7 * DAY, 0 * DAY)
    assert dict(zip(users["user_key"], before, strict=True)) == {"u": 1.0, "v": 0.0}


def test_users_of_two_variants_are_left_out_and_counted():
    rows = [("u", "new", START), ("u", "control", START + DAY), ("v", "new", START), ("v", "new", START + DAY)]
    users, twice = exposed(exposures(rows), "ranking", UNTIL)
    assert users["user_key"].to_list() == ["v"] and twice == 1


def test_a_user_counts_when_the_horizon_is_over():
    users, _ = exposed(exposures([("u", "new", START), ("v", "new", START + DAY)]), "ranking", UNTIL)
    assert mature(users, START + 7 * DAY, 7 * DAY)["user_key"].to_list() == ["u"]


def test_the_report_tells_the_estimates_of_its_parts():
    seen, told = many(0.3)
    found = report(PLAN, seen, told, UNTIL)
    users, _ = exposed(seen, "ranking", UNTIL)
    values, known = (
        per_user(users, told, "clicks", *span).to_numpy() for span in ((0 * DAY, 7 * DAY), (-7 * DAY, 0 * DAY))
    )
    treated, segments = (users["variant"] == "new").to_numpy(), users["segment_id"].to_numpy()
    expected = {
        "plain": difference(values, treated),
        "cuped": cuped(values, known, treated),
        "stratified": stratified(values, treated, segments, known),
    }
    rows = found.metrics.filter(pl.col("metric") == "clicks")
    assert rows["method"].to_list() == list(expected)
    assert rows["estimate"].to_list() == pytest.approx([each.value for each in expected.values()])
    assert rows["se"].to_list() == pytest.approx([each.se for each in expected.values()])
    assert (rows["sequence_low"] < rows["low"]).all() and (rows["sequence_high"] > rows["high"]).all()
    assert found.segments["segment_id"].to_list() == ["0", "1", "2"] * 2
    assert (found.segments["q_value"] >= found.segments["p_value"]).all()
    assert found.users == {"control": int((~treated).sum()), "new": int(treated.sum())} and found.immature == 0


def test_the_order_of_rows_does_not_matter():
    seen, told = many(0.3)
    shuffled = report(
        PLAN, seen.sample(fraction=1, shuffle=True, seed=1), told.sample(fraction=1, shuffle=True, seed=2), UNTIL
    )
    ordered = report(PLAN, seen, told, UNTIL)
    assert shuffled.verdicts == ordered.verdicts
    assert shuffled.metrics["estimate"].to_list() == pytest.approx(ordered.metrics["estimate"].to_list())


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (many(0.5), "ship: better"),
        (many(0.0), "go on: undecided"),
        (many(-0.5), "stop: worse"),
        (many(0.5, complaints=1.0), "stop: complaints is worse by more than the margin"),
        (many(0.5, complaints=0.5), "go on: better, but complaints may still be worse"),
        (many(0.5, lost=0.3), "don't trust: users are not split as planned"),
        (many(0.5, n=120), "go on: undecided"),
    ],
)
def test_the_verdict_is_one_line(data, verdict):
    line = report(PLAN, *data, UNTIL).verdicts["new"]
    assert line.startswith(verdict) and "\n" not in line


def test_what_comes_after_the_look_changes_nothing():
    seen, told = many(0.5)
    look = START + 20 * DAY
    early = report(PLAN, seen, told, look)
    past = report(PLAN, seen.filter(pl.col("ts") < look), told.filter(pl.col("ts") < look), look)
    assert early.metrics.equals(past.metrics) and early.immature == past.immature > 0


def test_looking_every_other_day_ships_a_useless_variant_as_rarely_as_promised():
    rng, shipped, runs = np.random.default_rng(0), 0, 30
    plan = Plan("ranking", {"control": 0.5, "new": 0.5}, (Metric("clicks"),), 600, DAY)
    for _ in range(runs):
        hours = np.sort(rng.uniform(0, 480, 800))
        first = [START + timedelta(hours=float(h)) for h in hours]
        variants = np.where(rng.random(800) < 0.5, "new", "control")
        users = exposures([(f"u{i}", str(variants[i]), first[i]) for i in range(800)])
        told = users.select("user_key", metric=pl.lit("clicks"), value=pl.Series(rng.poisson(1.0, 800) * 1.0), ts="ts")
        lines = [report(plan, users, told, START + day * DAY).verdicts["new"] for day in range(7, 22, 2)]
        shipped += not all(line.startswith("go on") for line in lines)
    assert shipped <= 4  # binomial(30, .05): more than 4 in 1.6 %


def test_two_treatments_share_alpha():
    seen, told = many(0.3)
    third = seen.with_columns(
        variant=pl.when(pl.col("user_key").str.ends_with("7")).then(pl.lit("other")).otherwise("variant")
    )
    plan = Plan("ranking", {"control": 0.45, "new": 0.45, "other": 0.1}, (Metric("clicks"),), 2000, 7 * DAY)
    found = report(plan, third, told, UNTIL)
    wider = report(dataclasses.replace(plan, alpha=0.1), third, told, UNTIL)
    users, _ = exposed(third, "ranking", UNTIL)
    values, variant = per_user(users, told, "clicks", 0 * DAY, 7 * DAY).to_numpy(), users["variant"].to_numpy()
    expected = from_arms(values[variant == "new"], values[variant == "control"])
    assert list(found.verdicts) == ["new", "other"]
    for of, alpha in ((found, 0.025), (wider, 0.05)):
        row = of.metrics.row(0, named=True)
        assert (row["low"], row["high"]) == pytest.approx(expected.interval(alpha))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda e, o: (e.drop("variant"), o), "exposures has no column variant"),
        (lambda e, o: (e, o.drop("value")), "outcomes has no column value"),
        (lambda e, o: (e.with_columns(ts=pl.col("ts").dt.replace_time_zone("UTC")), o), "naive UTC Datetime"),
        (lambda e, o: (e, o.with_columns(value=pl.lit("1"))), "outcomes.value is String"),
        (lambda e, o: (e, o.with_columns(value=pl.lit(float("nan")))), "null or not finite"),
        (
            lambda e, o: (e.with_columns(experiment=pl.lit("y")), o),
            "no user of experiment ranking before 2026-03-02 00:00; experiments in it: y",
        ),
        (lambda e, o: (e.clear(), o), "no user of experiment ranking"),
        (lambda e, o: (e.with_columns(variant=pl.lit("new")), o), "0 users of control"),
        (lambda e, o: (e.with_columns(variant=pl.lit("typo")), o), "users saw typo"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(change, told):
    with pytest.raises((ContractError, ExperimentError), match=told) as caught:
        report(PLAN, *change(*many(0.0, n=50)), UNTIL)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"shares": {"control": 1.0}}, "two or more are compared"),
        ({"metrics": ()}, "give one or more"),
        ({"metrics": (Metric("m"), Metric("m"))}, "each once"),
        ({"metrics": (Metric("m", margin=-1.0),)}, "margin of m is -1"),
        ({"planned_users": 0}, "planned_users is 0"),
        ({"horizon": timedelta(0)}, "horizon in seconds is 0"),
        ({"alpha": 1.0}, "alpha is 1"),
    ],
)
def test_wrong_plans_are_refused(change, told):
    fields = {"experiment": "x", "shares": PLAN.shares, "metrics": PLAN.metrics, "planned_users": 10, "horizon": DAY}
    with pytest.raises(ExperimentError, match=told):
        Plan(**(fields | change))
