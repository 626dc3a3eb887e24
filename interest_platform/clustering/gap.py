"""The gap statistic: how much tighter the clusters are than those of vectors that have none."""

from collections.abc import Sequence

import numpy as np

from interest_platform.clustering.rows import Rows

REFERENCES = 10
"""Reference samples a k; the gap's standard error tells what more would give."""


def references(rows: Rows, seed: int) -> list[Rows]:
    """Vectors without clusters, as many as the users' rows: uniform in the box of the rows' principal components,
    scaled to length 1 (reference (b) of Tibshirani, Walther and Hastie 2001, put back on the sphere).
    """
    vectors = rows.vectors[rows.repeated].astype(np.float64)
    mean = vectors.mean(axis=0)
    _, axes = np.linalg.eigh((vectors - mean).T @ (vectors - mean))
    turned = (vectors - mean) @ axes
    low, high = turned.min(axis=0), turned.max(axis=0)
    rng = np.random.default_rng(seed)
    return [plain_rows(rng.uniform(low, high, turned.shape) @ axes.T + mean) for _ in range(REFERENCES)]


def gap(inertia: float, of_references: Sequence[float]) -> tuple[float, float]:
    """Gap and its standard error from the inertia of the rows and of the references, all with the same k.

    Mean of log W* minus log W, and their standard deviation (of the population) times sqrt(1 + 1 / B).

    >>> gap(1.0, [np.e, np.e ** 3])
    (2.0, 1.224744871391589)
    """
    tiny = np.finfo(np.float64).tiny
    logs = np.log(np.maximum(of_references, tiny))
    error = float(logs.std() * np.sqrt(1 + 1 / len(logs)))
    return float(logs.mean() - np.log(max(inertia, tiny))), error


def plain_rows(vectors: np.ndarray) -> Rows:
    """Drawn vectors (n, d), each a user's, scaled to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled = (vectors / np.maximum(lengths, np.finfo(np.float64).tiny)).astype(np.float32)
    return Rows(scaled, np.ones(len(scaled), np.int64), np.arange(len(scaled)))
