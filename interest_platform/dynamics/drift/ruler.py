"""One ruler for both windows: which segment each interest lies in, told by the same centroids.

The windows' own labels come of two clusterings, each fitted to its own users, so that equal windows differ in where
the borders run: on blurred segments a permutation test of the own labels alarms in 14 % of identical pairs at .05
(benchmarks/drift.py). Centroids of both windows together favour neither.
"""

import numpy as np
from numpy.typing import NDArray

NONE = ""
"""The segment of interests that are in none (noise, or a window whose segments have no identity)."""


def common_labels(
    vectors: NDArray[np.float32], own: NDArray[np.str_], weight: NDArray[np.float64], before: NDArray[np.bool_]
) -> NDArray[np.str_]:
    """The segment whose pooled centroid is nearest to each row, (rows,).

    Takes the rows' vectors (rows, d), own segment ids (rows,), weights within the user (rows,) and sides (rows,). A
    segment's pooled centroid is the direction of the sum of its members of both windows. Without segments: `NONE`.
    """
    names, number = np.unique(own, return_inverse=True)
    named = names != NONE
    if not named.any():
        return own
    share = weight / np.where(before, max(weight[before].sum(), 1e-9), max(weight[~before].sum(), 1e-9))
    centroids = np.stack([share[number == i] @ vectors[number == i] for i in np.flatnonzero(named)])
    length = np.linalg.norm(centroids, axis=1, keepdims=True)
    return names[named][np.argmax(vectors @ (centroids / np.maximum(length, 1e-12)).astype(np.float32).T, axis=1)]
