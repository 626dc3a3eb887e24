"""Many tests at once: the false discovery rate of Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57)."""

from collections.abc import Sequence

import numpy as np


def q_values(p_values: Sequence[float]) -> list[float]:
    """The smallest false discovery rate at which each test is rejected: min over j >= i of p_(j) m / j.

    >>> q_values([0.01, 0.04, 0.03, 0.5])
    [0.04, 0.05333333333333334, 0.05333333333333334, 0.5]
    """
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, kind="stable")[::-1]
    ranks = np.arange(len(given), 0, -1)
    scaled = np.minimum.accumulate(np.minimum(given[order] * len(given) / ranks, 1.0))
    result = np.empty_like(given)
    result[order] = scaled
    return [float(q) for q in result]
