"""Centroids to start from: k-means++ on the unit sphere."""

import math

import numpy as np

from interest_platform.clustering.rows import Rows


def plus_plus(rows: Rows, k: int, rng: np.random.Generator) -> np.ndarray:
    """k rows far apart, (j, d) unit vectors, j <= k: fewer where no row is away from those chosen.

    Each is drawn with probability proportional to its squared distance 2 (1 - cosine) from the nearest one so far, as
    often as it occurs (Arthur and Vassilvitskii 2007); of 2 + log k candidates the one that leaves the least is taken
    (the paper's greedy variant, section 6). One product of the rows with the candidates a step; scikit-learn's
    distances in float64 cost several times as much in hundreds of dimensions.
    """
    weights, candidates = rows.counts.astype(np.float64), 2 + int(math.log(k))
    chosen = [int(rng.choice(len(rows), p=weights / weights.sum()))]
    apart = _apart(rows, chosen)[:, 0]
    while len(chosen) < k:
        upto = np.cumsum(apart * weights)
        if upto[-1] <= 0:
            break
        drawn = np.minimum(np.searchsorted(upto, rng.random(candidates) * upto[-1], side="right"), len(rows) - 1)
        left = np.minimum(apart[:, None], _apart(rows, drawn))
        best = int((weights @ left).argmin())
        chosen.append(int(drawn[best]))
        apart = left[:, best]
    return rows.vectors[chosen]


def _apart(rows: Rows, of: list[int] | np.ndarray) -> np.ndarray:
    """1 - cosine of every row to some of them, (m, c); none below 0, and 0 to itself, whatever rounding says."""
    found = np.maximum(1 - rows.vectors @ rows.vectors[of].T, 0)
    found[of, np.arange(len(of))] = 0
    return found
