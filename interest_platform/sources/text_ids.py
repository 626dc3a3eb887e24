"""The id of a text: a hash of everything that makes it this text."""

import hashlib

import numpy as np
import polars as pl

DIGITS = 32
"""Hexadecimal digits of an id: 128 bits, so that a billion texts collide with a chance of 1e-21."""


def text_ids(rows: pl.DataFrame) -> pl.Series:
    """The first 32 hex digits of SHA-256 over source, user_key, item_id, ts (microseconds), text and vector.

    `rows` has these columns (`vector` is optional, `List(Float32)`); item, text and vector may be null. Every part is
    preceded by its length, so that no two different rows are hashed from the same bytes. The text is the whole text,
    before it is cut: the id does not depend on `text.max_chars`.
    """
    messages = rows.select(
        pl.concat_str(
            _part(pl.col("source")),
            _part(pl.col("user_key")),
            _part(pl.col("item_id")),
            _part(pl.col("ts").dt.epoch("us").cast(pl.String)),
            _part(pl.col("text")),
        )
    ).to_series()
    vectors = _vector_bytes(rows)
    sha256 = hashlib.sha256
    if vectors is None:
        ids = [sha256(m.encode()).hexdigest()[:DIGITS] for m in messages]
    else:
        ids = [sha256(m.encode() + v).hexdigest()[:DIGITS] for m, v in zip(messages, vectors, strict=True)]
    return pl.Series("text_id", ids, pl.String)


def _part(value: pl.Expr) -> pl.Expr:
    return (
        pl.when(value.is_null())
        .then(pl.lit("-"))
        .otherwise(pl.concat_str(value.str.len_bytes().cast(pl.String), pl.lit(":"), value))
    )


def _vector_bytes(rows: pl.DataFrame) -> list[bytes] | None:
    if "vector" not in rows.columns or rows["vector"].null_count() == rows.height:
        return None
    # little-endian on every machine: the id is part of the lake
    return [b"" if v is None else np.asarray(v, dtype="<f4").tobytes() for v in rows["vector"]]
