"""How far apart the clusters of a window are: gaps between them, or a matter of degree."""

from typing import Literal

import numpy as np

from interest_platform.numerics.unit import unit

Structure = Literal["clear", "weak", "none"]

CLEAR = 5.0
"""Separation from which on clusters have a gap between them. One cloud cut in two shows 2.7, what people wrote 2 to
4.7 in windows of 40 users or more, planted segments 5.5 to 21."""

FEW = 100
"""Users below which it has to be twice that: of a dozen users, cut in two, chance shows up to 9."""

ROWS = 5_000
"""Rows that separation is measured on at most, evenly spaced."""


def separations(vectors: np.ndarray, centroids: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Each cluster's distance to the one with the nearest centroid, in standard deviations, (k,) float64.

    Ashman's D along the line between the two centroids: |m1 - m2| / sqrt((s1^2 + s2^2) / 2) of the members' places on
    it (Ashman, Bird and Zepf 1994, without the factor of root 2). Each member's line leaves out the member itself, so
    that few members in many dimensions do not look apart for having been fitted; a cluster of one has 0. `labels` (n,),
    -1: in none. None with one cluster.
    """
    k = len(centroids)
    if k < 2:
        return None
    rows = np.linspace(0, len(vectors) - 1, min(len(vectors), ROWS)).astype(int)
    members = [vectors[rows[labels[rows] == cluster]].astype(np.float64) for cluster in range(k)]
    near = (centroids @ centroids.T).astype(np.float64)
    np.fill_diagonal(near, -2)
    return np.array([_apart(members[cluster], members[other]) for cluster, other in enumerate(near.argmax(axis=1))])


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    if min(len(one), len(other)) < 2:
        return 0.0
    places = _places(one, other), -_places(other, one)
    spread = np.sqrt((places[0].var(ddof=1) + places[1].var(ddof=1)) / 2)
    return float(max(places[0].mean() - places[1].mean(), 0.0) / max(spread, 1e-6))


def _places(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Each own member's place on the line from the other's mean direction to that of the other members."""
    lines = unit(own.sum(axis=0) - own) - unit(other.sum(axis=0))
    return np.einsum("ij,ij->i", own, unit(lines))


def structure_of(separation: np.ndarray | None, sizes: np.ndarray) -> Structure:
    """`none` for one cluster, `clear` where the clusters' mean separation, by their sizes, is clear, else `weak`."""
    mean = mean_separation(separation, sizes)
    if mean is None:
        return "none"
    return "clear" if mean >= clear_from(int(sizes.sum())) else "weak"


def mean_separation(separation: np.ndarray | None, sizes: np.ndarray) -> float | None:
    """The mean over the clusters, (k,), by their sizes, (k,); None with one cluster."""
    return None if separation is None else float(separation @ sizes) / float(sizes.sum())


def clear_from(users: int) -> float:
    """The separation from which on clusters of so many users are clear."""
    return CLEAR if users >= FEW else 2 * CLEAR


def told(structure: str, k: int, users: int, separation: float | None) -> str:
    """What the structure of a window means, in a sentence; `separation` is the clusters' mean by their shares."""
    if structure == "none":
        return (
            f"the texts of these users don't fall into groups: one segment holds all {users:,}. What to try: longer "
            "windows, a longer windows.lookback, more texts a user"
        )
    apart = (
        ""
        if separation is None
        else f" (separation {separation:.1f} standard deviations; clear from {clear_from(users):.0f})"
    )
    if structure == "weak":
        return f"{k} segments that overlap{apart}: users between two may as well be in either"
    return f"{k} segments with gaps between them{apart}"
