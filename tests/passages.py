"""Passages from one window into the next, made by hand: who went where, and where the centroids are."""

import numpy as np

from interest_platform.dynamics.passage import Clusters, Passage

D = 32


def unit(vectors) -> np.ndarray:
    vectors = np.asarray(vectors, float)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def clusters(centroids, sizes=None, cohesion=0.8) -> Clusters:
    """Clusters at these centroids, 100 members each where nothing else is said."""
    k = len(centroids)
    sizes = np.full(k, 100.0) if sizes is None else np.asarray(sizes, float)
    return Clusters(sizes, np.asarray(centroids, float).reshape(k, -1 if k else D), np.full(k, cohesion))


def axes(*numbers) -> np.ndarray:
    """Unit vectors along these axes of D."""
    return np.eye(D)[list(numbers)]


def between(*numbers) -> np.ndarray:
    """The middle of these axes."""
    return unit(axes(*numbers).sum(axis=0))


def passage(before, after, flows, **more) -> Passage:
    """Centroids of both windows and the flows; sizes are at least what flows out and in."""
    flows = np.asarray(flows, float).reshape(len(before), len(after))
    sizes = [np.maximum(100, flows.sum(axis=1)), np.maximum(100, flows.sum(axis=0))]
    return Passage(clusters(before, sizes[0]), clusters(after, sizes[1]), flows, **more)


def told(found) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """The events of a transition without their scores."""
    return [(e.kind, e.parents, e.children) for e in found.events]
