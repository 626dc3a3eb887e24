"""The key of a text's vector: SHA-256 of what the vector depends on."""

import sys
from hashlib import sha256

import polars as pl

SEPARATOR = b"\x1f"
"""Stands between a text and its ready-made vector; no clean text holds it."""


def text_hashes(cleaned: pl.Series, vectors: pl.Series) -> pl.Series:
    """Lower-case hex SHA-256 of each clean text (UTF-8), followed by 0x1F and the vector where there is one.

    A vector counts as its float32 values, little-endian, so that the hash is the same on every machine.
    """
    hashes = pl.Series("text_hash", [sha256(text.encode()).hexdigest() for text in cleaned], dtype=pl.String)
    places = vectors.is_not_null().arg_true()
    if not len(places):
        return hashes
    given = zip(cleaned.gather(places), vectors.gather(places), strict=True)
    ready = [sha256(text.encode() + SEPARATOR + _bytes(vector)).hexdigest() for text, vector in given]
    return hashes.scatter(places, pl.Series(ready, dtype=pl.String))


def _bytes(vector: pl.Series) -> bytes:
    values = vector.cast(pl.Float32).to_numpy()
    return (values if sys.byteorder == "little" else values.byteswap()).tobytes()
