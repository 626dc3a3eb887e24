"""Fewer dimensions before clustering: rows in a smaller space, again of unit length."""

import numpy as np

from interest_platform.clustering.rows import Rows
from interest_platform.configuration import ClusteringSettings

DIMENSIONS = {"pca": 50, "umap": 5}
"""What is left where the settings do not say."""

REACH = 0.5
"""Farthest point of a plane that is laid on the sphere: distances there are those of the plane within an eighth."""

UMAP_NEIGHBOURS = 15


def reduced(rows: Rows, settings: ClusteringSettings) -> Rows:
    """The same rows in the same order, with the vectors that the clusterer sees."""
    if settings.reduction == "none" or len(rows) < 3:
        return rows
    wanted = settings.dimensions or DIMENSIONS[settings.reduction]
    by = _principal if settings.reduction == "pca" else _umap
    return Rows(by(rows, wanted, settings.seed), rows.counts, rows.inverse)


def reduced_start(rows: Rows, seen: Rows, start: np.ndarray | None) -> np.ndarray | None:
    """Where the start lies among the reduced rows: the mean of the rows nearest to it, else the one nearest row."""
    if start is None or rows is seen:
        return start
    cosines = rows.vectors @ start.T.astype(np.float32)
    used, labels = np.unique(cosines.argmax(axis=1), return_inverse=True)
    found = seen.vectors[cosines.argmax(axis=0)]
    found[used] = seen.directions(labels)
    return found


def _principal(rows: Rows, wanted: int, seed: int) -> np.ndarray:
    """The principal directions of the cosines' space: about the origin, not the mean, so that cosines stay cosines."""
    vectors = rows.vectors.astype(np.float64)
    _, axes = np.linalg.eigh((vectors * rows.counts[:, None]).T @ vectors)
    return _unit(vectors @ axes[:, ::-1][:, :wanted])


def _umap(rows: Rows, wanted: int, seed: int) -> np.ndarray:
    """UMAP (McInnes, Healy and Melville 2018) by cosine, its plane laid on the sphere: scaled to half a radius around
    its middle, and projected from the centre. Single-threaded: with several threads the same seed gives other points.
    """
    from umap import UMAP

    least = len(rows) - 2  # the spectral start takes fewer dimensions than rows
    if least < 2:
        return rows.vectors
    model = UMAP(
        n_components=min(wanted, least),
        n_neighbors=min(UMAP_NEIGHBOURS, len(rows) - 1),
        min_dist=0.0,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    )
    points = np.asarray(model.fit_transform(rows.vectors), np.float64)
    points = points - points.mean(axis=0)
    farthest = max(float(np.linalg.norm(points, axis=1).max()), 1e-12)
    return _unit(np.column_stack([points * (REACH / farthest), np.ones(len(points))]))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scaled to length 1; what has no length is the first direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    first = np.eye(1, vectors.shape[1])
    return np.where(lengths > 1e-9, vectors / np.maximum(lengths, 1e-9), first).astype(np.float32)
