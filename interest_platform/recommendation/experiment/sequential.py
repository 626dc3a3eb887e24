"""Confidence sequences: intervals that hold at every look at once, so one may peek after each user and stop at will."""

import numpy as np
from scipy.special import lambertw, zeta

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import arms, numbers, positive, probability
from interest_platform.recommendation.experiment.estimate import Estimate

FIRST_LOOK = 100
"""Users an arm before which an asymptotic sequence says nothing: it rests on the central limit theorem."""
ETA, POWER, LEAST_VARIANCE = 2.0, 1.4, 1.0
"""Of the stitched boundary: ratio of its epochs, how their errors fall off, the accumulated variance it begins at."""


def mixing_variance(planned: int, alpha: float = 0.05) -> float:
    """rho^2 for which the sequence is narrowest at `planned` users; to be fixed before the first look.

    n rho^2 = -W(-alpha^2 / e) - 1 with the lower branch of Lambert's W: the minimum of
    `critical_value` over rho (Waudby-Smith et al. 2024).
    """
    lower = lambertw(-(probability("alpha", alpha) ** 2) / np.e, -1).real
    return float(-lower - 1) / positive("planned", planned)


def critical_value(n: np.ndarray | float, planned: int, alpha: float = 0.05) -> np.ndarray:
    """What the standard error is multiplied by after n units, in place of the normal quantile 1.96; shape of n.

    sqrt((n rho^2 + 1) / (n rho^2) log((n rho^2 + 1) / alpha^2)): Robbins' normal mixture, the asymptotic confidence
    sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of Statistics 52, 2024).
    """
    spread = np.asarray(n, np.float64) * mixing_variance(planned, alpha)
    return np.sqrt((spread + 1) / spread * np.log((spread + 1) / alpha**2))


def sequence(estimate: Estimate, planned: int, alpha: float = 0.05) -> tuple[float, float]:
    """The confidence sequence at this look, of any estimate that is a mean over `estimate.n` users asymptotically."""
    if estimate.se == 0:
        return -np.inf, np.inf
    margin = float(critical_value(estimate.n, planned, alpha)) * estimate.se
    return estimate.value - margin, estimate.value + margin


def always_valid_p(estimate: Estimate, planned: int, alpha: float = 0.05) -> float:
    """The p-value of the mixture sequential probability ratio test of no effect (Robbins 1970; Johari et al. 2022).

    1 / likelihood ratio, with z = value / se and v = n rho^2: sqrt(1 + v) exp(-z^2 v / (2 (1 + v))). It is below alpha
    exactly where `sequence` excludes 0. Over several looks the smallest counts.
    """
    if estimate.se == 0:
        return 1.0
    spread, z = estimate.n * mixing_variance(planned, alpha), estimate.value / estimate.se
    return float(min(1.0, np.sqrt(1 + spread) * np.exp(-z * z * spread / (2 * (1 + spread)))))


def running_difference(
    values: np.ndarray, treated: np.ndarray, planned: int, alpha: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """`sequence` of the difference of means after every user, in the order given: lower and upper bounds, (n,) each.

    Unbounded until both arms have `FIRST_LOOK` users. Linear in n.
    """
    given = numbers("values", values)
    mask = arms(treated, given.size)
    runs = [_running(given, arm) for arm in (mask, ~mask)]
    value = runs[0][1] - runs[1][1]
    se = np.sqrt(sum(variance / np.maximum(n, 1) for n, _, variance in runs))
    margin = critical_value(np.arange(1, given.size + 1), planned, alpha) * se
    # no spread seen is no certainty, as in `sequence`
    margin[(np.minimum(runs[0][0], runs[1][0]) < FIRST_LOOK) | (se == 0)] = np.inf
    return value - margin, value + margin


def _running(values: np.ndarray, arm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Size, mean and variance of the arm after every user; the shift keeps squares of large values apart."""
    shift = values[arm].mean()
    n = np.cumsum(arm)
    first, second = (np.cumsum(np.where(arm, values - shift, 0) ** power) for power in (1, 2))
    mean = first / np.maximum(n, 1)
    return n, mean + shift, np.maximum(second - n * mean**2, 0) / np.maximum(n - 1, 1)


def bounded(values: np.ndarray, low: float, high: float, alpha: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """A sequence for the mean of values in [low, high] that holds for every n, not asymptotically: bounds (n,), (n,).

    The empirical Bernstein sequence of Howard, Ramdas, McAuliffe and Sekhon (Annals of Statistics 49, 2021, theorem 4)
    with the stitched boundary (their theorem 1). On the unit scale, with x^_i the mean of the values before i and
    V = sum (x_i - x^_i)^2, the margin of the mean is (sqrt(k1^2 V l + k2^2 l^2) + k2 l) / n where
    l = s log(log(V / m) / log(eta) + 1) + log(2 zeta(s) / alpha), k1 = (eta^(1/4) + eta^(-1/4)) / sqrt(2),
    k2 = (sqrt(eta) + 1) / 2.
    """
    given = numbers("values", values)
    probability("alpha", alpha)
    if not low < high or given.min() < low or given.max() > high:
        raise ExperimentError(
            f"values from {given.min():g} to {given.max():g} do not lie in [{low:g}, {high:g}]: give their true bounds"
        )
    unit, n = (given - low) / (high - low), np.arange(1, given.size + 1)
    sums = np.cumsum(unit)
    # half a value of 1/2 stands for what is not seen yet: the prediction may use nothing of the value itself
    predicted = (sums - unit + 0.5) / n
    variance = np.maximum(np.cumsum((unit - np.clip(predicted, 0, 1)) ** 2), LEAST_VARIANCE)
    epochs = POWER * np.log(np.log(variance / LEAST_VARIANCE) / np.log(ETA) + 1) + np.log(2 * zeta(POWER) / alpha)
    k1, k2 = (ETA**0.25 + ETA**-0.25) / np.sqrt(2), (np.sqrt(ETA) + 1) / 2
    margin = (np.sqrt(k1**2 * variance * epochs + (k2 * epochs) ** 2) + k2 * epochs) / n
    scaled = [low + (high - low) * np.clip(sums / n + side * margin, 0, 1) for side in (-1, 1)]
    return scaled[0], scaled[1]


def bounded_difference(
    values: np.ndarray, treated: np.ndarray, share: float, low: float, high: float, alpha: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """`bounded` for treated minus control, in the order of users; `share` is the known probability of being treated.

    Each user's value is weighted by the inverse of the probability of their arm, which makes one stream whose mean is
    the difference: z y / p - (1 - z) y / (1 - p), y on the unit scale.
    """
    given = numbers("values", values)
    mask, p = arms(treated, given.size), probability("share", share)
    if not low < high or given.min() < low or given.max() > high:
        raise ExperimentError(
            f"values from {given.min():g} to {given.max():g} do not lie in [{low:g}, {high:g}]: give their true bounds"
        )
    unit = (given - low) / (high - low)
    lower, upper = bounded(np.where(mask, unit / p, -unit / (1 - p)), -1 / (1 - p), 1 / p, alpha)
    return lower * (high - low), upper * (high - low)
