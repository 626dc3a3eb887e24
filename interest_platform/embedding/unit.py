"""Vectors of unit length, whatever they were before."""

import numpy as np


def unit_rows(vectors: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """Each row (n, d) scaled to length 1, float32; `instead` (d,), of unit length, for rows that are zero.

    A text of which the encoder knows no word says nothing, so it is taken for the average text: no nearer to one
    subject than to another.
    """
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    scaled = wide / np.where(lengths > 0, lengths, 1)[:, None]
    return np.where((lengths > 0)[:, None], scaled, instead).astype(np.float32)
