"""The geometry of the cluster map: which users are drawn, where they lie in the plane, where the labels go."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def drawn(vectors: NDArray[np.float32], labels: NDArray[np.integer], limit: int, seed: int) -> NDArray[np.intp]:
    """Indices of at most `limit` users, drawn by `seed`; the same users whatever order the rows are in.

    Rows are put in an order of their own (by label and first coordinates) before the draw.
    """
    columns = [vectors[:, i] for i in reversed(range(min(4, vectors.shape[1])))]
    order = np.lexsort([*columns, labels])
    if len(order) > limit:
        chosen = np.random.default_rng(seed).choice(len(order), limit, replace=False)
        order = order[np.sort(chosen)]
    return order


def principal_plane(vectors: NDArray[np.float32], labels: NDArray[np.integer]) -> tuple[Points, tuple[float, float]]:
    """Points (users, 2) in the plane that shows the clusters best, and the share of the variance on each axis.

    Principal components (Pearson 1901), by singular value decomposition, of the clusters' centroids weighted by size:
    the plane in which the centroids lie furthest apart. Axes that the centroids don't fix (one or two clusters) are
    those of the users around their centroids. An axis points to where its largest loading is positive.
    """
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
    axes = _axes(_weighted_centroids(centred, labels), count=2)
    if len(axes) < 2:
        axes = np.vstack([axes, _axes(centred - centred @ axes.T @ axes, count=2 - len(axes))])
    points = np.zeros((len(centred), 2))
    points[:, : len(axes)] = centred @ axes.T
    total = float(np.square(centred).sum()) or 1.0
    shares = np.square(points).sum(axis=0) / total
    return points, (float(shares[0]), float(shares[1]))


def centres(points: Points, labels: NDArray[np.integer], ids: NDArray[np.integer]) -> Points:
    """The mean point (clusters, 2) of each cluster of `ids`."""
    return np.array([points[labels == i].mean(axis=0) for i in ids]).reshape(-1, 2)


def spread(anchors: Points, box: tuple[float, float], size: tuple[float, float], steps: int = 300) -> Points:
    """Where labels of the size `box` go: near to their anchors, hardly overlapping, inside [0, width] x [0, height].

    All in pixels. A label counts as the ellipse of its box. Each step pushes overlapping pairs apart and pulls labels
    back to their anchors, more weakly with every step; O(steps x labels^2).
    """
    # in units of the box two labels overlap where they are less than 1 apart
    unit = np.array(box)
    homes, bound = anchors / unit, np.array(size) / unit
    # equal anchors get a direction each (the golden angle), else nothing would tell which way to push them
    turn = np.arange(len(homes)) * 2.399963
    places = homes + np.stack([np.cos(turn), np.sin(turn)], axis=1) * 0.02
    for step in range(steps):
        gap = places[:, None] - places[None]
        length = np.hypot(gap[..., 0], gap[..., 1]) + np.eye(len(places)) * 1e9
        push = np.clip(1 - length, 0, None) / np.maximum(length, 1e-9)
        places = places + 0.5 * (gap * push[..., None]).sum(axis=1)
        places = places + 0.1 * (1 - step / steps) * (homes - places)
        places = np.clip(places, 0.5, np.maximum(bound - 0.5, 0.5))
    return places * unit


def _weighted_centroids(centred: Points, labels: NDArray[np.integer]) -> Points:
    ids, sizes = np.unique(labels, return_counts=True)
    return np.stack([centred[labels == i].mean(axis=0) for i in ids]) * np.sqrt(sizes)[:, None]


def _axes(rows: Points, count: int) -> Points:
    _, strength, axes = np.linalg.svd(rows, full_matrices=False)
    axes = axes[:count][strength[:count] > 1e-6 * max(1.0, float(strength[0]))]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return axes * signs[:, None]
