"""Less noise from what was known before: CUPED and post-stratification, alone and together."""

import numpy as np

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import arms, numbers
from interest_platform.recommendation.experiment.estimate import Estimate, difference, from_arms, satterthwaite

LEAST = 20
"""Users an arm for a stratum of its own; smaller ones are one stratum together."""


def cuped(values: np.ndarray, covariate: np.ndarray, treated: np.ndarray) -> Estimate:
    """The difference of means of values - theta (covariate - its mean): Deng, Xu, Kohavi and Walker (WSDM 2013).

    All (n,); `covariate` is from before the first exposure, else it could carry part of the effect. theta is the one
    that minimises the variance of the difference: (c1 / n1 + c0 / n0) / (v1 / n1 + v0 / n0) with covariances c of both
    and variances v of the covariate in each arm; theta of a covariate without spread is 0.
    """
    given = numbers("values", values)
    mask, known = arms(treated, given.size), numbers("covariate", covariate, given.size)
    theta = _theta(given, known, mask)
    adjusted = given - theta * (known - known.mean())
    found = from_arms(adjusted[mask], adjusted[~mask])
    # theta is fitted to the same users: one degree of freedom more is spent
    spent = np.sqrt((given.size - 2) / max(given.size - 3, 1)) if theta else 1.0
    return Estimate(found.value, found.se * float(spent), found.df, found.n)


def stratified(
    values: np.ndarray, treated: np.ndarray, strata: np.ndarray, covariate: np.ndarray | None = None
) -> Estimate:
    """Differences within strata, weighted by the strata's shares of all users (post-stratification).

    `strata` (n,) are labels known before the first exposure; with a covariate, CUPED within each. The variance is
    sum w^2 se^2 + sum w (d - mean d)^2 / n: the second term since the shares are those of a sample (Miratrix, Sekhon
    and Yu 2013, J. R. Stat. Soc. B 75). Strata with fewer than `LEAST` users in an arm are pooled.
    """
    given = numbers("values", values)
    mask = arms(treated, given.size)
    known = None if covariate is None else numbers("covariate", covariate, given.size)
    codes = pooled(strata, mask)
    parts = []
    for code in np.unique(codes):
        at = codes == code
        parts.append(difference(given[at], mask[at]) if known is None else cuped(given[at], known[at], mask[at]))
    weights = np.array([part.n for part in parts]) / given.size
    values_, ses = np.array([part.value for part in parts]), np.array([part.se for part in parts])
    value = float(weights @ values_)
    variances = tuple((weights * ses) ** 2)
    between = float(weights @ (values_ - value) ** 2) / given.size
    df = satterthwaite(variances, tuple(part.df for part in parts))
    return Estimate(value, float(np.sqrt(sum(variances) + between)), df, given.size)


def pooled(strata: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Codes of strata (n,), with those that have fewer than `LEAST` users in an arm as one; all are one if it must be.

    What is pooled goes to the largest stratum if even together they are too few.
    """
    labels = np.asarray(strata)
    if labels.shape != treated.shape:
        raise ExperimentError(f"strata has shape {labels.shape} beside {treated.size} users: give one label for each")
    codes = np.unique(labels.astype(str), return_inverse=True)[1]
    sizes = np.stack([np.bincount(codes[arm], minlength=codes.max() + 1) for arm in (treated, ~treated)])
    small = sizes.min(axis=0) < LEAST
    if not small.any():
        return codes
    together = sizes[:, small].sum(axis=1).min() >= LEAST
    home = codes.max() + 1 if together or small.all() else int(np.where(small, -1, sizes.sum(axis=0)).argmax())
    return np.where(small[codes], home, codes)


def _theta(values: np.ndarray, covariate: np.ndarray, treated: np.ndarray) -> float:
    above = below = 0.0
    for arm in (treated, ~treated):
        moments = np.cov(values[arm], covariate[arm])
        above, below = above + moments[0, 1] / arm.sum(), below + moments[1, 1] / arm.sum()
    return float(above / below) if below > 0 else 0.0
