"""Ready-made vectors of a source: checked and scaled to unit length."""

import numpy as np
import polars as pl


def unit_vectors(vectors: pl.Series, length: int) -> pl.Series:
    """Each vector over its Euclidean norm as `List(Float32)`; null where it can't be used.

    `vectors` is `List(Float64)`. A vector can't be used when it is null, not of `length`, or zero, or when one of its
    numbers is null, infinite or not a number.
    """
    fits = (vectors.list.len() == length).fill_null(False)
    result = pl.DataFrame({"row": np.arange(len(vectors)), "fits": fits})
    rows = np.flatnonzero(fits.to_numpy())
    if length == 0 or not len(rows):
        return pl.Series("vector", [None] * len(vectors), pl.List(pl.Float32))
    matrix = vectors.gather(rows).explode().cast(pl.Float64).to_numpy().reshape(len(rows), length)
    largest = np.abs(matrix).max(axis=1)
    usable = np.isfinite(largest) & (largest > 0)
    # scaled by the largest number first: squares of very large or small numbers would leave the range
    scaled = matrix[usable] / largest[usable, None]
    unit = (scaled / np.linalg.norm(scaled, axis=1, keepdims=True)).astype(np.float32)
    found = pl.DataFrame(
        {
            "row": rows[usable],
            "vector": pl.Series(unit, dtype=pl.Array(pl.Float32, length)).cast(pl.List(pl.Float32)),
        }
    )
    return result.join(found, on="row", how="left", maintain_order="left")["vector"]
