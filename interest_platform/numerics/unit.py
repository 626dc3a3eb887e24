"""Vectors of length 1."""

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., d) scaled to length 1; a vector of zeros stays one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
