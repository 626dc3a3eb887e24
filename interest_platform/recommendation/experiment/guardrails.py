"""What must not get worse: non-inferiority of a metric by a margin that is fixed before the start."""

from enum import StrEnum

import numpy as np
from scipy.special import stdtr

from interest_platform.recommendation.experiment.arguments import arms, numbers, positive
from interest_platform.recommendation.experiment.estimate import Estimate, from_arms


class Goal(StrEnum):
    """Which way a metric is good."""

    UP = "up"
    DOWN = "down"


class Guard(StrEnum):
    """What is shown of a guardrail."""

    HELD = "held"
    """Worse by less than the margin, or not worse."""
    BROKEN = "broken"
    """Worse by more than the margin."""
    OPEN = "open"
    """Neither is shown yet."""


def guard(interval: tuple[float, float], margin: float, goal: Goal) -> Guard:
    """Where the interval of treated minus control lies to the margin (Wellek 2010: non-inferiority by inclusion).

    >>> guard((-0.01, 0.02), 0.02, Goal.UP), guard((-0.05, -0.03), 0.02, Goal.UP), guard((-0.05, 0.02), 0.02, Goal.UP)
    (<Guard.HELD: 'held'>, <Guard.BROKEN: 'broken'>, <Guard.OPEN: 'open'>)
    """
    positive("margin", margin)
    low, high = interval if Goal(goal) is Goal.UP else (-interval[1], -interval[0])
    if low > -margin:
        return Guard.HELD
    return Guard.BROKEN if high < -margin else Guard.OPEN


def non_inferiority_p(estimate: Estimate, margin: float, goal: Goal) -> float:
    """One-sided p-value of "worse by the margin or more": below alpha, the guardrail held; for one look."""
    positive("margin", margin)
    if estimate.se == 0:
        return 1.0
    gain = estimate.value if Goal(goal) is Goal.UP else -estimate.value
    return float(stdtr(estimate.df, -(gain + margin) / estimate.se))


def relative_to_control(values: np.ndarray, treated: np.ndarray, margin: float, goal: Goal) -> Estimate:
    """How far the treated mean is from (1 -/+ margin) x the control's: for a margin in shares of the control's mean.

    0 or worse is inferior. Linear in both means, so no ratio needs to be approximated; for metrics that are positive.
    """
    given = numbers("values", values)
    mask = arms(treated, given.size)
    positive("margin", margin)
    edge = 1 - margin if Goal(goal) is Goal.UP else 1 + margin
    return from_arms(given[mask], given[~mask] * edge)
