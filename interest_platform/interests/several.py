"""Which of a user's texts are about one thing: from one interest a user to several."""

from typing import Literal

import numpy as np
import polars as pl

from interest_platform.interests.same_interest import same_interest
from interest_platform.interests.ward import ward_parts

_USER, _NO = "user_key", "interest_no"


def with_interests(
    counted: pl.DataFrame, vectors: np.ndarray, per_user: Literal["auto"] | int, most: int
) -> pl.DataFrame:
    """`counted_texts` with the interest of each text, sorted by user, interest, window and hash.

    A user's distinct texts are parted by Ward's clustering (`ward_parts`): into `per_user` parts, or with `auto` into
    at most `most`, where they are less alike than texts about one thing are in this window (`same_interest`).
    Part 0 has the largest weight; ties go to more texts, then to the smaller hash. `vectors` (n, d) are those that
    `row` numbers.
    """
    if per_user == 1 or counted.is_empty():
        return counted
    texts = counted.group_by(_USER, "text_hash", "row").agg(pl.col("weight").sort().sum()).sort(_USER, "text_hash")
    same = same_interest(vectors, texts).cosine if per_user == "auto" else None
    if per_user == "auto" and same is None:
        return counted
    parts = _parts(texts, vectors, most if per_user == "auto" else per_user, same)
    ranked = _ranked(texts.with_columns(pl.Series("part", parts, pl.Int32)))
    return (
        counted.drop(_NO)
        .join(ranked, on=[_USER, "text_hash"], how="left")
        .select(counted.columns)
        .sort(_USER, _NO, "window_start", "text_hash")
    )


def _parts(texts: pl.DataFrame, vectors: np.ndarray, most: int, same: float | None) -> np.ndarray:
    """The part of each text, (texts,), numbered from 0 in each user; texts are sorted by user."""
    counts = np.bincount(texts[_USER].rle_id().to_numpy())
    rows, weights = texts["row"].to_numpy(), texts["weight"].to_numpy()
    parts, starts = np.zeros(len(rows), np.int64), np.cumsum(counts) - counts
    for start, count in zip(starts[counts > 1], counts[counts > 1], strict=True):
        own = slice(start, start + count)
        parts[own] = ward_parts(vectors[rows[own]], weights[own], most, same)
    return parts


def _ranked(texts: pl.DataFrame) -> pl.DataFrame:
    """user_key, text_hash, interest_no: parts numbered by weight."""
    sizes = texts.group_by(_USER, "part").agg(
        pl.col("weight").sort().sum(), pl.len().alias("texts"), pl.col("text_hash").min().alias("first")
    )
    order = sizes.sort(_USER, "weight", "texts", "first", descending=[False, True, True, False])
    numbered = order.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over(_USER).alias(_NO))
    return texts.join(numbered.select(_USER, "part", _NO), on=[_USER, "part"]).select(_USER, "text_hash", _NO)
