"""The report of an experiment: every metric, segment and guardrail, and one line a variant that says what to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from interest_platform.errors import ExperimentError
from interest_platform.numerics.multiplicity import q_values
from interest_platform.recommendation.experiment.arguments import positive, probability
from interest_platform.recommendation.experiment.cuped import LEAST, cuped, stratified
from interest_platform.recommendation.experiment.estimate import Estimate, difference
from interest_platform.recommendation.experiment.guardrails import Goal, Guard, guard
from interest_platform.recommendation.experiment.sample_ratio import ALARM, chi_square_p, sequential_p
from interest_platform.recommendation.experiment.sequential import FIRST_LOOK, always_valid_p, sequence
from interest_platform.recommendation.experiment.tables import exposed, mature, per_user

SEGMENTS = {
    "metric": pl.String(),
    "variant": pl.String(),
    "segment_id": pl.String(),
    "n_control": pl.Int64(),
    "n_treated": pl.Int64(),
    "estimate": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "p_value": pl.Float64(),
}
"""Of a report's rows by segment, before q-values."""


@dataclass(frozen=True)
class Metric:
    """A metric of the outcomes; with a margin it is a guardrail too, worse by so much at most (in its own unit)."""

    name: str
    goal: Goal = Goal.UP
    margin: float | None = None


@dataclass(frozen=True)
class Plan:
    """What is fixed before the first look.

    `shares`: variant to share, the control first. `metrics`: the primary first; the verdict is on it and the
    guardrails. `planned_users`: users at which the confidence sequences are narrowest. `horizon`: how long after the
    first exposure outcomes count. `before`: how long before it the covariate of CUPED is taken from; `None`: no CUPED.
    """

    experiment: str
    shares: dict[str, float]
    metrics: tuple[Metric, ...]
    planned_users: int
    horizon: timedelta
    before: timedelta | None = None
    alpha: float = 0.05

    def __post_init__(self) -> None:
        probability("alpha", self.alpha)
        positive("planned_users", self.planned_users)
        positive("horizon in seconds", self.horizon.total_seconds())
        if len(self.shares) < 2:
            raise ExperimentError(f"{self.experiment} has the variants {list(self.shares)}: two or more are compared")
        if not self.metrics or len({metric.name for metric in self.metrics}) < len(self.metrics):
            raise ExperimentError(f"metrics are {[m.name for m in self.metrics]}: give one or more, each once")
        for metric in self.metrics:
            if metric.margin is not None:
                positive(f"the margin of {metric.name}", metric.margin)

    @property
    def level(self) -> float:
        """Alpha of one variant against the control: all variants together err in `alpha` (Bonferroni)."""
        return self.alpha / (len(self.shares) - 1)


@dataclass(frozen=True)
class Report:
    """What is known at the time of the look; frames are ordered by metric, variant, then method or segment.

    `metrics`: metric, variant, method (plain, cuped, stratified), n_control, n_treated, control_mean, estimate, se,
    low, high, p_value (one look), sequence_low, sequence_high, always_valid_p (any number of looks).
    `segments`: metric, variant, segment_id, n_control, n_treated, estimate, low, high (together: Bonferroni over the
    metric's segments), p_value, q_value (Benjamini and Hochberg over all rows); for one look.
    `guardrails`: metric, variant, margin, status, by the confidence sequence.
    `verdicts`: variant to one line.
    """

    metrics: pl.DataFrame
    segments: pl.DataFrame
    guardrails: pl.DataFrame
    users: dict[str, int]
    seen_two_variants: int
    immature: int
    sample_ratio_p: float
    sample_ratio_always_valid_p: float
    verdicts: dict[str, str]


@dataclass(frozen=True)
class _Pair:
    """A variant's and the control's users, by one metric."""

    metric: Metric
    variant: str
    treated: np.ndarray
    values: np.ndarray
    covariate: np.ndarray | None
    segments: np.ndarray

    def estimates(self) -> dict[str, Estimate]:
        found = {"plain": difference(self.values, self.treated)}
        if self.covariate is not None:
            found["cuped"] = cuped(self.values, self.covariate, self.treated)
        if len(np.unique(self.segments)) > 1:
            found["stratified"] = stratified(self.values, self.treated, self.segments, self.covariate)
        return found

    @property
    def sizes(self) -> tuple[int, int]:
        return int((~self.treated).sum()), int(self.treated.sum())


def report(plan: Plan, exposures: pl.DataFrame, outcomes: pl.DataFrame, until: datetime) -> Report:
    """Read exposures and outcomes (`tables`) as they are known at `until` (naive UTC).

    Only outcomes from the first exposure on, for the horizon, count, and only users whose horizon is over; users who
    saw two variants are left out and counted. The verdict may be looked at any time, as often as wanted.
    """
    users, twice = exposed(exposures, plan.experiment, until)
    counts = {variant: int((users["variant"] == variant).sum()) for variant in users["variant"].unique().sort()}
    ratio = chi_square_p(counts, plan.shares), sequential_p(counts, plan.shares)
    ready = mature(users, until, plan.horizon)
    pairs = [pair for metric in plan.metrics for pair in _pairs(plan, metric, ready, outcomes)]
    metrics = pl.DataFrame([row for pair in pairs for row in _metric_rows(plan, pair)], infer_schema_length=None)
    guardrails = _guardrails(plan, metrics)
    verdicts = {variant: _verdict(plan, variant, metrics, guardrails, ratio[1]) for variant in list(plan.shares)[1:]}
    return Report(
        metrics, _segments(plan, pairs), guardrails, counts, twice, users.height - ready.height, *ratio, verdicts
    )


def _pairs(plan: Plan, metric: Metric, users: pl.DataFrame, outcomes: pl.DataFrame) -> list[_Pair]:
    values = per_user(users, outcomes, metric.name, timedelta(0), plan.horizon).to_numpy()
    known = None
    if plan.before is not None:
        known = per_user(users, outcomes, metric.name, -plan.before, timedelta(0)).to_numpy()
    variant, segments = users["variant"].to_numpy(), users["segment_id"].fill_null("").to_numpy()
    control, *others = plan.shares
    pairs = []
    for name in others:
        at = (variant == control) | (variant == name)
        sizes = int((variant == control).sum()), int((variant == name).sum())
        if min(sizes) < 2:
            raise ExperimentError(
                f"{sizes[0]} users of {control} and {sizes[1]} of {name} have been in {plan.experiment} for "
                f"{plan.horizon}: wait until both have two or more"
            )
        covariate = None if known is None else known[at]
        pairs.append(_Pair(metric, name, variant[at] == name, values[at], covariate, segments[at]))
    return pairs


def _metric_rows(plan: Plan, pair: _Pair) -> list[dict]:
    head = {"metric": pair.metric.name, "variant": pair.variant}
    sizes = dict(zip(("n_control", "n_treated"), pair.sizes, strict=True))
    rows = []
    for method, found in pair.estimates().items():
        low, high = found.interval(plan.level)
        early = min(pair.sizes) < FIRST_LOOK
        whole = (-np.inf, np.inf) if early else sequence(found, plan.planned_users, plan.level)
        any_time = 1.0 if early else always_valid_p(found, plan.planned_users, plan.level)
        mean = {"control_mean": float(pair.values[~pair.treated].mean()), "estimate": found.value, "se": found.se}
        once = {"low": low, "high": high, "p_value": found.p_value()}
        always = {"sequence_low": whole[0], "sequence_high": whole[1], "always_valid_p": any_time}
        rows.append({**head, "method": method, **sizes, **mean, **once, **always})
    return rows


def _segments(plan: Plan, pairs: list[_Pair]) -> pl.DataFrame:
    rows = [row for pair in pairs for row in _segment_rows(plan, pair)]
    frame = pl.DataFrame(rows, schema=SEGMENTS, orient="row")
    return frame.with_columns(q_value=pl.Series(q_values(frame["p_value"].to_list()), dtype=pl.Float64))


def _segment_rows(plan: Plan, pair: _Pair) -> list[tuple]:
    """One a segment that has `LEAST` users in both arms; users without a segment are in none."""
    large = []
    for segment in np.unique(pair.segments[pair.segments != ""].astype(str)):
        at = pair.segments == segment
        if min(pair.treated[at].sum(), (~pair.treated[at]).sum()) >= LEAST:
            large.append((segment, at))
    rows = []
    for segment, at in large:
        known = None if pair.covariate is None else pair.covariate[at]
        arm, values = pair.treated[at], pair.values[at]
        found = difference(values, arm) if known is None else cuped(values, known, arm)
        interval, sizes = found.interval(plan.level / len(large)), (int((~arm).sum()), int(arm.sum()))
        rows.append((pair.metric.name, pair.variant, str(segment), *sizes, found.value, *interval, found.p_value()))
    return rows


def _guardrails(plan: Plan, metrics: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for metric in plan.metrics:
        for variant in list(plan.shares)[1:]:
            if metric.margin is not None:
                told = _row(plan, metrics, metric.name, variant)
                status = guard((told["sequence_low"], told["sequence_high"]), metric.margin, metric.goal)
                rows.append((metric.name, variant, metric.margin, status.value))
    schema = {"metric": pl.String, "variant": pl.String, "margin": pl.Float64, "status": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _row(plan: Plan, metrics: pl.DataFrame, metric: str, variant: str) -> dict:
    """The row that is judged: with CUPED where a covariate is planned. Fixed beforehand, not chosen by the result."""
    method = "plain" if plan.before is None else "cuped"
    wanted = (pl.col("metric") == metric) & (pl.col("variant") == variant) & (pl.col("method") == method)
    return metrics.row(by_predicate=wanted, named=True)


def _verdict(plan: Plan, variant: str, metrics: pl.DataFrame, guardrails: pl.DataFrame, ratio_p: float) -> str:
    primary = plan.metrics[0]
    told = _row(plan, metrics, primary.name, variant)
    low, high = told["sequence_low"], told["sequence_high"]
    found = f"{primary.name} {told['estimate']:+.4g} [{low:+.4g}, {high:+.4g}]"
    if ratio_p < ALARM:
        return f"don't trust: users are not split as planned (always-valid p {ratio_p:.1g}); find out why first"
    of_variant = guardrails.filter(pl.col("variant") == variant)
    by_status = {status: of_variant.filter(pl.col("status") == status.value)["metric"].to_list() for status in Guard}
    if broken := by_status[Guard.BROKEN]:
        return f"stop: {', '.join(broken)} is worse by more than the margin; {found}"
    gain_low, gain_high = (low, high) if primary.goal is Goal.UP else (-high, -low)
    if gain_high < 0:
        return f"stop: worse; {found}"
    if gain_low > 0 and by_status[Guard.OPEN]:
        return f"go on: better, but {', '.join(by_status[Guard.OPEN])} may still be worse by the margin; {found}"
    return f"ship: better; {found}" if gain_low > 0 else f"go on: undecided; {found}"
