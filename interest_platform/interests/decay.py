"""A user's interests: the decayed mean direction of what the user wrote about each."""

from typing import Literal

import numpy as np
import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.interests.several import with_interests
from interest_platform.interests.vectors import BLOCK, OPPOSED, as_lists, as_matrix, weighted_sums

_DAY = 86_400 * 1_000_000
_INTEREST = ["user_key", "interest_no"]


def user_interests(
    texts: pl.DataFrame,
    vectors: pl.DataFrame,
    window: Window,
    *,
    half_life_days: float,
    min_texts: int,
    windows_present: int,
    encoder: str,
    per_user: Literal["auto"] | int = 1,
    most: int = 3,
) -> pl.DataFrame:
    """The interests of each user: unit means of the user's text vectors, each weighing 2^(-age / half-life).

    `texts` has user_key, window_start, text_hash, ts of the lookback windows, `vectors` text_hash and vector (unit).
    The age of a text runs from its `ts` to `window.end`. A text that a user repeats within a window counts once, at
    its latest time. Texts without a vector do not count. A user with fewer than `min_texts` distinct texts has no
    row. Where an interest's texts cancel out, the mean has no direction and its latest text stands for it. With
    `per_user` 1 all of a user's texts are one interest; with a number or `auto` (then at most `most`) they are parted
    by `with_interests`. An interest's weight is its texts' share of the user's, its medoid the text nearest to it.

    Returns the columns of `user_interests` without window_start, sorted by user_key and interest_no; the same rows in
    any order give the same bits. O(texts x d), and with several interests O(texts^2 x d) a user. Raises
    `ContractError` for a text at or after the window's end, `EncoderError` for vectors that can't be one encoder's.
    """
    if late := texts.filter(pl.col("ts") >= window.end).height:
        raise ContractError(
            f"user_interests of {window}: {late} texts are at or after its end; only texts before it can count"
        )
    known = one_a_text(vectors)
    matrix = as_matrix(known["vector"])
    counted = with_interests(counted_texts(texts, known, min_texts, half_life_days), matrix, per_user, most)
    directions = _directions(counted, matrix)
    # in the order of `directions`; one interest has the whole user, to the bit
    interests = counted.group_by(_INTEREST, maintain_order=True).agg(
        pl.len().cast(pl.Int32).alias("n_texts"),
        pl.col("weight").sum(),
        pl.col("text_hash").unique(maintain_order=True).alias("text_hashes"),
    )
    several = pl.len().over("user_key") > 1
    return interests.select(
        *_INTEREST,
        (pl.col("weight") / pl.col("weight").sum().over("user_key")).alias("weight"),
        as_lists(directions).alias("vector"),
        _halves(counted, matrix, interests.height),
        "n_texts",
        pl.lit(windows_present, pl.Int32).alias("windows_present"),
        pl.lit(encoder).alias("encoder"),
        _medoids(counted, matrix, directions),
        pl.when(several).then("text_hashes").alias("text_hashes"),
    )


def one_a_text(vectors: pl.DataFrame) -> pl.DataFrame:
    """Each text_hash once, sorted, numbered by `row`.

    Two runs that encode one text at the same time may differ in the last bits (another batch, another rounding):
    the smallest vector is taken, so that the choice does not depend on the order of rows.
    """
    distinct = vectors.select("text_hash", "vector").unique().sort("text_hash", "vector")
    return distinct.unique("text_hash", keep="first", maintain_order=True).with_row_index("row")


def counted_texts(texts: pl.DataFrame, known: pl.DataFrame, min_texts: int, half_life_days: float) -> pl.DataFrame:
    """(user, window, text) once each, in canonical order, with its `ts`, its vector's `row`, its `weight`, and
    `interest_no` 0: all of a user's texts are one interest until `with_interests` parts them.

    `known` comes from `one_a_text`; the other arguments are those of `user_interests`.

    Weights are relative to the user's latest text: the direction is the same and a short half-life does not
    underflow to a sum of zeros.
    """
    age = (pl.col("ts").max().over("user_key") - pl.col("ts")).dt.total_microseconds() / _DAY
    return (
        texts.group_by("user_key", "window_start", "text_hash")
        .agg(pl.col("ts").max())
        .join(known.select("text_hash", "row"), on="text_hash", how="inner")
        .filter(pl.col("text_hash").n_unique().over("user_key") >= min_texts)
        .sort("user_key", "window_start", "text_hash")
        .with_columns(pl.lit(2.0).pow(-age / half_life_days).alias("weight"), pl.lit(0, pl.Int32).alias("interest_no"))
    )


def text_shares(counted: pl.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """How much of each text of `counted_texts` is in its interest's unit vector, the sum of share x text vector.

    Returns (rows,) float64; `vectors` (n, d) are those that `counted["row"]` numbers. Where an interest's texts cancel
    out, the latest has the whole share.
    """
    if counted.is_empty():
        return np.zeros(0)
    number, _, length, opposed = _sums(counted, vectors)
    shares = counted["weight"].to_numpy() / np.where(opposed, 1.0, length)[number]
    shares[opposed[number]] = 0.0
    latest = _latest(counted)[opposed]
    shares[latest] = 1.0 / np.linalg.norm(vectors[counted["row"].to_numpy()[latest]].astype(np.float64), axis=1)
    return shares


def _directions(counted: pl.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """The unit weighted mean of each interest's vectors, interests in their order in `counted`."""
    if counted.is_empty():
        return np.zeros((0, vectors.shape[1]), np.float32)
    _, sums, length, opposed = _sums(counted, vectors)
    if opposed.any():
        sums[opposed] = vectors[counted["row"].to_numpy()[_latest(counted)[opposed]]]
        length[opposed] = np.linalg.norm(sums[opposed], axis=1)
    return (sums / length[:, None]).astype(np.float32)


def _halves(counted: pl.DataFrame, vectors: np.ndarray, interests: int) -> pl.Series:
    """The part of each unit vector that comes from every second of the interest's texts, by hash; null with one text.

    Two halves of what a user wrote are two measurements of the same interest: how far they agree tells how much of
    where a user stands is the user, and how much is the choice of texts.
    """
    if counted.is_empty():
        return pl.Series("half", [], pl.List(pl.Float32))
    rank = pl.col("text_hash").rank("dense").over(_INTEREST)
    chosen = counted.select(rank % 2 == 1).to_series().to_numpy()
    several = counted.group_by(_INTEREST, maintain_order=True).agg(pl.col("text_hash").n_unique() > 1)["text_hash"]
    from scipy.sparse import csr_array

    number, _, length, opposed = _sums(counted, vectors)
    weight = np.where(chosen, counted["weight"].to_numpy(), 0.0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(number))]).astype(np.int64)
    shape = (interests, len(vectors))
    sums = weighted_sums(csr_array((weight, counted["row"].to_numpy().astype(np.int64), starts), shape=shape), vectors)
    halves = as_lists((sums / np.where(opposed, 1.0, length)[:, None]).astype(np.float32))
    kept = several.to_numpy() & ~opposed
    return pl.select(pl.when(pl.Series(kept)).then(halves)).to_series().alias("half")


def _sums(counted: pl.DataFrame, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each row's number of its interest; each interest's weighted sum, its length, whether that is rounding noise."""
    from scipy.sparse import csr_array

    number = _numbers(counted)
    starts = np.concatenate([[0], np.cumsum(np.bincount(number))]).astype(np.int64)
    weight = counted["weight"].to_numpy()
    shape = (len(starts) - 1, len(vectors))
    sums = weighted_sums(csr_array((weight, counted["row"].to_numpy().astype(np.int64), starts), shape=shape), vectors)
    length = np.linalg.norm(sums, axis=1)
    opposed = length <= OPPOSED * np.bincount(number, weight)
    return number, sums, length, opposed


def _latest(counted: pl.DataFrame) -> np.ndarray:
    """Where in `counted` each interest's latest text stands (ties: the smallest hash)."""
    last = counted.with_row_index("at").sort(*_INTEREST, "ts", "text_hash", descending=[False, False, True, False])
    return last.unique(_INTEREST, keep="first", maintain_order=True)["at"].to_numpy()


def _numbers(counted: pl.DataFrame) -> np.ndarray:
    """The number of each text's interest, (rows,), from 0 in the order of `counted`."""
    return counted.select(pl.struct(_INTEREST).rle_id()).to_series().to_numpy()


def _medoids(counted: pl.DataFrame, vectors: np.ndarray, directions: np.ndarray) -> pl.Series:
    """The hash of each interest's text with the largest cosine to it (ties: the smallest hash)."""
    number, rows = _numbers(counted), counted["row"].to_numpy()
    near = np.empty(len(rows))
    step = max(1, BLOCK // (2 * max(1, vectors.shape[1])))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        near[part] = np.einsum("ij,ij->i", vectors[rows[part]], directions[number[part]], dtype=np.float64)
    ranked = counted.select(*_INTEREST, "text_hash").with_columns(pl.Series("near", near, pl.Float64))
    ranked = ranked.sort(*_INTEREST, "near", "text_hash", descending=[False, False, True, False])
    return ranked.unique(_INTEREST, keep="first", maintain_order=True)["text_hash"].alias("medoid_text_hash")
