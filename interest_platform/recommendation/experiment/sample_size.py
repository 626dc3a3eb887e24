"""How many users an experiment needs, what it can detect, and how surely: planned before it starts."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import positive, probability
from interest_platform.recommendation.experiment.sequential import critical_value

MOST = 10**12
"""Users an arm beyond which there is no experiment to plan."""


@dataclass(frozen=True)
class Design:
    """What is promised: a false alarm in `alpha` of experiments without effect, `power` with the smallest that counts.

    `ratio`: treated users for each control user. `correlation`: of the outcome with its covariate; CUPED leaves
    1 - correlation^2 of the variance (Deng et al. 2013). `comparisons`: variants against the control, alpha is
    divided by their number (Bonferroni). `peeked`: judged by the confidence sequence; the power is then that of the
    look at the planned end, and earlier looks add to it.
    """

    alpha: float = 0.05
    power: float = 0.8
    ratio: float = 1.0
    correlation: float = 0.0
    comparisons: int = 1
    peeked: bool = False

    def __post_init__(self) -> None:
        probability("alpha", self.alpha)
        probability("power", self.power)
        positive("ratio", self.ratio)
        if not -1 < self.correlation < 1:
            raise ExperimentError(f"correlation is {self.correlation}: give a number above -1 and below 1")
        if self.comparisons < 1:
            raise ExperimentError(
                f"comparisons is {self.comparisons}: at least one variant is compared with the control"
            )

    @property
    def level(self) -> float:
        """Alpha of one comparison."""
        return self.alpha / self.comparisons

    @property
    def left(self) -> float:
        """The share of the variance that CUPED leaves."""
        return 1 - self.correlation**2


@dataclass(frozen=True)
class Sizes:
    """Users an arm, whole numbers, rounded up; `treated` is of each variant."""

    control: int
    treated: int


def power_of_mean(effect: float, sd: float, control: float, design: Design = Design()) -> float:
    """How likely a difference of means of this size is found with so many control users.

    Student's two-sample test, both tails, exact for normal values: noncentral t with n0 + n1 - 2 degrees of freedom
    and noncentrality effect / (sd sqrt(1 / n0 + 1 / n1)) (Cohen 1988, chapter 2).
    """
    treated = control * design.ratio
    df = control + treated - 2
    if df <= 0:
        raise ExperimentError(f"{control:g} control users: a spread needs two or more in each arm")
    away = abs(effect) / (positive("sd", sd) * math.sqrt(design.left * (1 / control + 1 / treated)))
    if design.peeked:
        z = float(critical_value(1, 1, design.level))
        return float(ndtr(away - z) + ndtr(-away - z))
    t = float(stdtrit(df, 1 - design.level / 2))
    return 1 - _noncentral(df, away, t) + _noncentral(df, away, -t)


def power_of_proportion(baseline: float, effect: float, control: float, design: Design = Design()) -> float:
    """How likely the step from `baseline` to `baseline + effect` is found with so many control users.

    The z-test with the pooled proportion under the null, without continuity correction (Fleiss, Levin and Paik 2003,
    section 4.2), both tails.
    """
    p0, p1 = probability("baseline", baseline), probability("baseline + effect", baseline + effect)
    treated = positive("control", control) * design.ratio
    pooled = (p0 + design.ratio * p1) / (1 + design.ratio)
    null = math.sqrt(design.left * pooled * (1 - pooled) * (1 / control + 1 / treated))
    own = math.sqrt(design.left * (p0 * (1 - p0) / control + p1 * (1 - p1) / treated))
    z = float(critical_value(1, 1, design.level)) if design.peeked else float(ndtri(1 - design.level / 2))
    return float(ndtr((abs(effect) - z * null) / own) + ndtr((-abs(effect) - z * null) / own))


def users_for_mean(effect: float, sd: float, design: Design = Design()) -> Sizes:
    """The fewest users with which a difference of means of this size is found with the design's power."""
    positive("effect", abs(effect))
    return _fewest(lambda n: power_of_mean(effect, sd, n, design), design)


def users_for_proportion(baseline: float, effect: float, design: Design = Design()) -> Sizes:
    """The fewest users with which the step from `baseline` to `baseline + effect` is found with the design's power."""
    positive("effect", abs(effect))
    return _fewest(lambda n: power_of_proportion(baseline, effect, n, design), design)


def detectable_mean(control: int, sd: float, design: Design = Design()) -> float:
    """The smallest difference of means that so many control users find with the design's power."""
    most = positive("sd", sd) * 1e3
    return _smallest(lambda effect: power_of_mean(effect, sd, control, design), most, design)


def detectable_proportion(control: int, baseline: float, design: Design = Design()) -> float:
    """The smallest step up from `baseline` that so many control users find with the design's power."""
    most = (1 - probability("baseline", baseline)) * (1 - 1e-9)
    return _smallest(lambda effect: power_of_proportion(baseline, effect, control, design), most, design)


def _noncentral(df: float, away: float, t: float) -> float:
    """P(T <= t) of the noncentral t; by its normal approximation where scipy has no number.

    That is at large noncentrality and many degrees of freedom, where both are 0 or 1.
    """
    found = float(nctdtr(df, away, t))
    return (
        float(ndtr((t * (1 - 1 / (4 * df)) - away) / math.sqrt(1 + t * t / (2 * df)))) if math.isnan(found) else found
    )


def _fewest(power: Callable[[float], float], design: Design) -> Sizes:
    """Power grows with n: bisection between the last power of two that is too few and the first that is enough."""
    enough = math.ceil(max(2.0, 2 / design.ratio))
    few = enough - 1
    while power(enough) < design.power:
        few, enough = enough, enough * 2
        if enough > MOST:
            raise ExperimentError(f"more than {MOST:g} users an arm would be needed: plan for a larger effect")
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if power(middle) >= design.power else (middle, enough)
    # the least that is enough is a whole number of control users; what the ratio asks for of the treated is rounded up
    return Sizes(enough, math.ceil(np.round(enough * design.ratio, 9)))


def _smallest(power: Callable[[float], float], most: float, design: Design) -> float:
    if power(most) < design.power:
        raise ExperimentError(f"no effect up to {most:g} is found with a power of {design.power}: plan for more users")
    return float(brentq(lambda effect: power(effect) - design.power, most * 1e-12, most, xtol=1e-12, rtol=1e-12))
