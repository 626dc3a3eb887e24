"""What a file of an experiment may say: how users are assigned, and what is judged; fixed before the first look."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.assignment import Assignment
from interest_platform.recommendation.experiment.guardrails import Goal
from interest_platform.recommendation.experiment.report import Metric, Plan

Share = Annotated[float, Field(ge=0, le=1)]


class MetricSettings(BaseModel):
    """A metric of the outcomes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="What the outcomes call it.")
    goal: Goal = Field(Goal.UP, description="Which way is good: up or down.")
    margin: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Makes it a guardrail: how much worse it may be, in its own unit."
    )


class ExperimentFile(BaseModel):
    """The file of one experiment; docs/experiments.md lists every key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: str = Field(min_length=1, description="Its name, which the hash of a user begins with.")
    stages: Annotated[tuple[dict[str, Share], ...], Field(min_length=1)] = Field(
        description="Variant to share, the control first; ramping up adds a stage and never rewrites one."
    )
    holdout: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Share of users in no experiment at all.")
    metrics: tuple[MetricSettings, ...] = Field((), description="What is judged, the primary metric first.")
    planned_users: Annotated[int, Field(gt=0)] | None = Field(
        None, description="Users in all variants at the planned end, where the sequences are narrowest."
    )
    horizon_days: Annotated[float, Field(gt=0)] = Field(
        7.0, description="Days from a user's first exposure that count."
    )
    before_days: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Days before the first exposure that CUPED's covariate is taken from; null: no CUPED."
    )
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(0.05, description="False alarms that are put up with.")

    @property
    def assignment(self) -> Assignment:
        """How users are dealt. Raises `ExperimentError`."""
        return Assignment(self.experiment, self.stages, self.holdout)

    @property
    def plan(self) -> Plan:
        """What is judged; the shares are the last stage's. Raises `ExperimentError` without a key that it needs."""
        missing = [key for key in ("metrics", "planned_users") if not getattr(self, key)]
        if missing or self.planned_users is None:
            raise ExperimentError(f"experiment {self.experiment} can't be judged: give {' and '.join(missing)}")
        return Plan(
            self.experiment,
            self.stages[-1],
            tuple(Metric(metric.name, metric.goal, metric.margin) for metric in self.metrics),
            self.planned_users,
            timedelta(days=self.horizon_days),
            None if self.before_days is None else timedelta(days=self.before_days),
            self.alpha,
        )
