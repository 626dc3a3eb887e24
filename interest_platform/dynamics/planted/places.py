"""Where planted segments lie: as far from the others as the window's own segments do, where its users vary."""

import numpy as np

from interest_platform.dynamics.geometry import chords
from interest_platform.dynamics.planted.ground import Ground
from interest_platform.numerics.unit import unit

TRIED = 16
"""Directions drawn for a new place, of which the one farthest from all other segments is taken."""


def usual_distance(ground: Ground) -> float:
    """Median over clusters of the distance (chord) to the nearest other; of one cluster, to its own members."""
    if len(ground.sizes) == 1:
        return float(np.median(chords(ground.centroids, ground.vectors)))
    apart = chords(ground.centroids, ground.centroids)
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(axis=1)))


def halves(ground: Ground, cluster: int, rng: np.random.Generator) -> np.ndarray:
    """Unit centroids of the two parts of a split, (2, d): the usual distance apart, the cluster's between them."""
    centre, reach = ground.centroids[cluster], _tangent(usual_distance(ground) / 2)
    found = [unit(centre + np.outer([reach, -reach], u)) for u in _directions(ground, cluster, rng)]
    return _clearest(found, np.delete(ground.centroids, cluster, axis=0))


def beside(ground: Ground, cluster: int, rng: np.random.Generator) -> np.ndarray:
    """Unit centroid of a new segment, (d,): the usual distance from the cluster, and clear of the others."""
    angle = 2 * np.arcsin(min(usual_distance(ground) / 2, 1.0))
    centre = ground.centroids[cluster]
    found = [unit(np.cos(angle) * centre + np.sin(angle) * u)[None] for u in _directions(ground, cluster, rng)]
    return _clearest(found, ground.centroids)[0]


def rotated(vectors: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Vectors (n, d) turned as the unit vector `source` is turned into `target`, on the plane of the two."""
    both = source + target
    if (alike := 1 + float(source @ target)) < 1e-9:
        return vectors - 2 * np.outer(vectors @ source, source)  # opposite: a reflection takes one into the other
    return np.asarray(vectors - np.outer(vectors @ both, both) / alike + 2 * np.outer(vectors @ source, target))


def _tangent(half: float) -> float:
    """Step along a tangent after which two unit vectors lie 2 * `half` apart: each is asin(half) away."""
    return float(np.tan(np.arcsin(min(half, 0.99))))


def _directions(ground: Ground, cluster: int, rng: np.random.Generator) -> np.ndarray:
    """Unit tangents at the cluster's centroid, (TRIED, d): random mixtures of the users' deviations from their mean.

    So they vary as the users do, and a planted segment lies where segments of such users may lie.
    """
    deviations = ground.vectors - ground.vectors.mean(axis=0, dtype=np.float64)
    drawn = rng.normal(size=(TRIED, ground.users)) @ deviations
    centre = ground.centroids[cluster]
    return unit(drawn - np.outer(drawn @ centre, centre))


def _clearest(found: list[np.ndarray], others: np.ndarray) -> np.ndarray:
    if not len(others):
        return found[0]
    return max(found, key=lambda places: round(float(chords(places, others).min()), 9))
