"""From texts or ready-made vectors to rows of `embeddings`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from interest_platform.embedding.fingerprint import given_fingerprint

if TYPE_CHECKING:
    from interest_platform.embedding import Encoder

COLUMNS = ["text_hash", "encoder", "vector", "n_model_tokens", "truncated"]


def embed_texts(encoder: "Encoder", texts: pl.DataFrame, progress: Callable[[int], None] | None = None) -> pl.DataFrame:
    """Encode `text_hash, clean_text` (hashes distinct, texts not empty) into rows of `embeddings`.

    No text needs no weights: an empty frame does not load the model.
    """
    if texts.is_empty():
        return _empty()
    encoded = encoder.encode(texts["clean_text"].to_list(), progress)
    return texts.select("text_hash").with_columns(
        pl.lit(encoder.fingerprint).alias("encoder"),
        pl.Series("vector", encoded.vectors, pl.Array(pl.Float32, encoder.dimension)).cast(pl.List(pl.Float32)),
        pl.Series("n_model_tokens", encoded.n_tokens, pl.Int32),
        pl.Series("truncated", encoded.truncated, pl.Boolean),
    )


def embed_vectors(texts: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows of `embeddings` from `text_hash, vector` that sources bring under the encoder's `name`."""
    distinct = texts.drop_nulls("vector").unique("text_hash", maintain_order=True)
    if distinct.is_empty():
        return _empty()
    fingerprint = given_fingerprint(name, len(distinct["vector"][0]))
    return distinct.select(
        "text_hash",
        pl.lit(fingerprint).alias("encoder"),
        "vector",
        pl.lit(0, pl.Int32).alias("n_model_tokens"),
        pl.lit(False).alias("truncated"),
    )


def _empty() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "text_hash": pl.String,
            "encoder": pl.String,
            "vector": pl.List(pl.Float32),
            "n_model_tokens": pl.Int32,
            "truncated": pl.Boolean,
        }
    )
