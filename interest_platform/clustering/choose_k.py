"""How many clusters: the k with the best mean silhouette on a sample of users."""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from interest_platform.clustering.membership import own_cosines
from interest_platform.clustering.result import CurvePoint, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.silhouette import cosine_silhouette
from interest_platform.configuration import ClusteringSettings

CURVE_STARTS = 3
"""Starts a k on the curve: k-means++ rarely needs more to rank the k; the chosen k gets all of `n_init`."""

Labeller = Callable[[Rows, int, int, int], np.ndarray]
"""(rows, k, seed, starts) to labels (m,)."""


def choose_k(
    rows: Rows, settings: ClusteringSettings, labeller: Labeller, progress: Progress | None
) -> tuple[int, tuple[CurvePoint, ...]]:
    """The k of `k_range` with the best silhouette (ties: the smallest), and the whole curve.

    The range is lowered to what can be scored: at most n - 1 and the number of distinct vectors of the sample. Where
    nothing can be scored (all vectors equal, or fewer than three), k is 1 and the curve is empty.
    """
    sample = rows.sample(settings.sample, settings.seed)
    high = min(settings.k_range[1], sample.total - 1, len(sample))
    tried = range(max(2, min(settings.k_range[0], high)), high + 1)
    starts = min(CURVE_STARTS, settings.n_init)
    curve: list[CurvePoint] = []
    for k in tried:
        if (point := _point(sample, k, settings.seed, starts, labeller)) is not None:
            curve.append(point)
        if progress is not None:
            progress(k - tried.start + 1, len(tried))
    return max(curve, key=lambda p: p.silhouette).k if curve else 1, tuple(curve)


def _point(rows: Rows, k: int, seed: int, starts: int, labeller: Labeller) -> CurvePoint | None:
    """One point of the curve; None where rows are so close that a single cluster remains."""
    began = perf_counter()
    labels = labeller(rows, k, seed, starts)
    score = cosine_silhouette(rows, labels)
    if score is None:
        return None
    cosines = own_cosines(rows, rows.directions(labels), labels)
    return CurvePoint(k, score, float((1 - cosines) @ rows.counts), perf_counter() - began)
