"""Vectors between frames and arrays, and sums of vectors whose bits do not depend on how they are cut into blocks."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from interest_platform.errors import EncoderError, MixedEncodersError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

OPPOSED = 1e-6
"""A sum of weighted unit vectors this short, relative to its weights, is rounding noise and has no direction."""

BLOCK = 2**25
"""Float64 values held at once while vectors are summed (256 MiB)."""


def as_matrix(vectors: pl.Series) -> np.ndarray:
    """A column of vectors as an (n, d) float32 array; (0, 0) for a column without rows.

    Raises `MixedEncodersError` where the vectors differ in length, `EncoderError` where one is null or empty.
    """
    if vectors.is_empty():
        return np.zeros((0, 0), np.float32)
    if vectors.null_count():
        raise EncoderError(f"{vectors.null_count()} of {len(vectors)} vectors are null; each must be a list of numbers")
    vectors = vectors.cast(pl.List(pl.Float32))
    lengths = vectors.list.len()
    low, high = int(lengths.to_numpy().min()), int(lengths.to_numpy().max())
    if low != high:
        raise MixedEncodersError(
            f"vectors have {low} to {high} dimensions; all must be of one encoder, thus one length"
        )
    values = vectors.explode()
    if not high or values.null_count():
        raise EncoderError("a vector is empty or holds a null; each must be a list of numbers")
    return values.to_numpy().reshape(len(vectors), -1)


def as_lists(matrix: np.ndarray) -> pl.Series:
    """An (n, d) array as a column of vectors, `List(Float32)`."""
    if not len(matrix):
        return pl.Series("vector", dtype=pl.List(pl.Float32))
    return pl.Series("vector", np.ascontiguousarray(matrix, np.float32)).cast(pl.List(pl.Float32))


def weighted_sums(weights: "csr_array", vectors: np.ndarray) -> np.ndarray:
    """`weights @ vectors` in float64: (m, n) sparse by (n, d) gives (m, d).

    A row is summed in the order of its entries, so its bits depend on nothing but them. Blocks of columns bound
    the float64 copy of the vectors.
    """
    n, d = vectors.shape
    width = max(1, BLOCK // max(n, 1))
    blocks = [weights @ vectors[:, i : i + width].astype(np.float64) for i in range(0, d, width)]
    return np.hstack(blocks) if blocks else np.zeros((weights.shape[0], 0))
