"""How far apart the clusters of a window are: gaps between them, or a matter of degree."""

from typing import Literal

import numpy as np

Structure = Literal["clear", "weak", "none"]

CLEAR = 5.0
"""Separation from which on clusters have a gap between them. One cloud cut in two shows 2.7, what people wrote 2 to 4
in windows of 100 users or more, planted segments 5.5 to 21 (`benchmarks/real_segments.py`)."""

ROWS = 5_000
"""Rows that separation is measured on at most, evenly spaced."""


def separations(vectors: np.ndarray, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Each cluster's distance to the one with the nearest centroid, in standard deviations, (k,) float64.

    Ashman's D along the line between the two centroids: |m1 - m2| / sqrt((s1^2 + s2^2) / 2) of the members' places on
    it (Ashman, Bird and Zepf 1994, without the factor of root 2). `labels` (n,), -1: in none. None with one cluster.
    """
    k = len(centroids)
    if k < 2:
        return None
    rows = np.linspace(0, len(vectors) - 1, min(len(vectors), ROWS)).astype(int)
    seen, label = vectors[rows], labels[rows]
    near = (centroids @ centroids.T).astype(np.float64)
    np.fill_diagonal(near, -2)
    found = np.zeros(k)
    for cluster, other in enumerate(near.argmax(axis=1)):
        line = centroids[cluster] - centroids[other]
        places = [(seen[label == each] @ line).astype(np.float64) for each in (cluster, other)]
        if all(len(place) for place in places):
            spread = np.sqrt((places[0].var() + places[1].var()) / 2)
            found[cluster] = abs(places[0].mean() - places[1].mean()) / max(spread, 1e-6)
    return found


def structure_of(separation: np.ndarray | None, shares: np.ndarray) -> Structure:
    """`none` for one cluster, `clear` where the clusters' mean separation, by their shares, is `CLEAR`, else `weak`."""
    if separation is None:
        return "none"
    return "clear" if float(separation @ shares) / float(shares.sum()) >= CLEAR else "weak"


def told(structure: str, k: int, users: int, separation: float | None) -> str:
    """What the structure of a window means, in a sentence; `separation` is the clusters' mean by their shares."""
    if structure == "none":
        return (
            f"the texts of these users don't fall into groups: one segment holds all {users:,}. What to try: longer "
            "windows, a longer windows.lookback, more texts a user"
        )
    apart = "" if separation is None else f" (separation {separation:.1f} standard deviations; clear from {CLEAR:.0f})"
    if structure == "weak":
        return f"{k} segments that overlap{apart}: users between two may as well be in either"
    return f"{k} segments with gaps between them{apart}"
