"""An estimate with its standard error, and the plain one: the difference of two means."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import arms, numbers, probability

NORMAL = 1e9
"""Degrees of freedom at which Student's t is the normal distribution to nine digits."""


@dataclass(frozen=True)
class Estimate:
    """A number, its standard error, the degrees of freedom of that error, and how many units it is made from.

    A standard error of 0 means that no spread was seen, not that there is none: the interval is then unbounded.
    """

    value: float
    se: float
    df: float
    n: int

    def __post_init__(self) -> None:
        if not self.se >= 0:
            raise ExperimentError(f"the standard error is {self.se}: a variance can't be negative or missing")

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """The two-sided interval of level 1 - alpha, for one look at a number of users fixed beforehand."""
        probability("alpha", alpha)
        if self.se == 0:
            return -np.inf, np.inf
        margin = float(stdtrit(self.df, 1 - alpha / 2)) * self.se
        return self.value - margin, self.value + margin

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided, of the hypothesis that the truth is `null`."""
        return 1.0 if self.se == 0 else float(2 * stdtr(self.df, -abs(self.value - null) / self.se))


def difference(values: np.ndarray, treated: np.ndarray) -> Estimate:
    """Mean of the treated minus mean of the others, variances not taken for equal (Welch 1947, Biometrika 34).

    `values` (n,) a number a user, `treated` (n,) bool. se^2 = s1^2 / n1 + s0^2 / n0, degrees of freedom by
    Satterthwaite.

    >>> difference(np.array([1.0, 3.0, 0.0, 2.0]), np.array([True, True, False, False])).value
    1.0
    """
    given = numbers("values", values)
    mask = arms(treated, given.size)
    return from_arms(given[mask], given[~mask])


def from_arms(treated: np.ndarray, control: np.ndarray) -> Estimate:
    """`difference` of values that are apart already: (n1,), (n0,)."""
    sizes = len(treated), len(control)
    parts = treated.var(ddof=1) / sizes[0], control.var(ddof=1) / sizes[1]
    value, variance = float(treated.mean() - control.mean()), float(sum(parts))
    return Estimate(value, variance**0.5, satterthwaite(parts, (sizes[0] - 1, sizes[1] - 1)), sum(sizes))


def satterthwaite(variances: tuple[float, ...], dfs: tuple[float, ...]) -> float:
    """Degrees of freedom of a sum of independent estimated variances: (sum v)^2 / sum(v^2 / df)."""
    below = sum(v * v / df for v, df in zip(variances, dfs, strict=True))
    return float(sum(variances) ** 2 / below) if below else NORMAL
