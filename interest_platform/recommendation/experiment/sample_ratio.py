"""Did every variant get its share of users? If not, something broke, and no other number can be believed."""

from collections.abc import Mapping

import numpy as np
from scipy.special import chdtrc, gammaln

from interest_platform.errors import ExperimentError

ALARM = 0.001
"""p-value below which a mismatch is told (Fabijan et al. 2019, KDD: a low bar, since nothing should be the cause)."""
CONCENTRATION = 1000.0
"""How near the sequential test's alternative is to the planned shares; larger finds small mismatches, but later."""


def chi_square_p(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """Pearson's test that users fell to variants by their shares, for one look: sum (n - e)^2 / e, k - 1 df.

    `shares` need not sum to 1: they are compared among these variants. A variant of share 0 must have no users.
    """
    observed, expected = _aligned(counts, shares)
    return float(chdtrc(len(observed) - 1, ((observed - expected) ** 2 / expected).sum()))


def sequential_p(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """The same, for looks at any time: 1 / Bayes factor against a Dirichlet around the shares, at most 1.

    Lindon and Malek (NeurIPS 2022). Over several looks the smallest counts.
    """
    observed, expected = _aligned(counts, shares)
    n, planned = observed.sum(), expected / expected.sum()
    prior = CONCENTRATION * planned
    log_factor = (
        gammaln(CONCENTRATION)
        - gammaln(CONCENTRATION + n)
        + (gammaln(prior + observed) - gammaln(prior)).sum()
        - (observed * np.log(planned)).sum()
    )
    return float(min(1.0, np.exp(-log_factor)))


def _aligned(counts: Mapping[str, int], shares: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Users by variant and how many were expected, (k,) float64 each, variants of share 0 left out."""
    if negative := [name for name, share in shares.items() if not share >= 0]:
        raise ExperimentError(f"the share of {negative[0]} is {shares[negative[0]]}: give shares of 0 or more")
    open_to = {name: share for name, share in shares.items() if share > 0}
    if len(open_to) < 2:
        raise ExperimentError(f"{len(open_to)} variants have a share above 0: a ratio needs two or more")
    if strangers := [name for name, n in counts.items() if n and name not in open_to]:
        raise ExperimentError(f"users saw {strangers[0]}, which has no share; known variants: {', '.join(open_to)}")
    observed = np.array([counts.get(name, 0) for name in open_to], np.float64)
    if observed.min() < 0 or not observed.sum():
        raise ExperimentError(f"users by variant are {dict(counts)}: give counts of 0 or more, and at least one user")
    planned = np.array(list(open_to.values()), np.float64)
    return observed, planned / planned.sum() * observed.sum()
