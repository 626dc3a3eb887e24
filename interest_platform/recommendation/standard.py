"""Scores of different strategies on one scale."""

import numpy as np


def moments(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each row's finite scores, (b, 1) float32; 0 where there are none."""
    finite = np.isfinite(scores)
    n = np.maximum(finite.sum(axis=1, keepdims=True), 1)
    mean = np.where(finite, scores, 0).sum(axis=1, keepdims=True, dtype=np.float64) / n
    spread = np.where(finite, scores - mean, 0)
    deviation = np.sqrt((spread**2).sum(axis=1, keepdims=True) / n)
    return mean.astype(np.float32), deviation.astype(np.float32)


def z_scores(scores: np.ndarray) -> np.ndarray:
    """(b, m) float32 of mean 0 and deviation 1 in each row, -inf where they were; 0 where a row is all equal."""
    mean, deviation = moments(scores)
    level = np.abs(mean) * 1e-5  # what float32 leaves of a row of equal scores is no spread
    scale = np.where(deviation > level, 1 / np.maximum(deviation, 1e-30), 0)
    return np.where(np.isfinite(scores), (np.where(np.isfinite(scores), scores, mean) - mean) * scale, -np.inf)
