"""Texts that show what a cluster is about, and how they are cut to a readable length."""

import numpy as np
import polars as pl

from interest_platform.interests.vectors import as_matrix

LENGTH = 240
"""Characters of an example text at most."""


def shorten(text: str, length: int = LENGTH) -> str:
    """The text on one line, cut at a word's end to at most `length` characters, the cut shown as an ellipsis.

    Text without spaces near the cut (Chinese, a long link) is cut where it is.

    >>> shorten("Trains to Lyon  and back", 16)
    'Trains to Lyon…'
    """
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    cut = text[:length]
    head = cut.rpartition(" ")[0]
    return (head if len(head) >= length // 2 else cut[:-1]).rstrip() + "…"


def examples(documents: pl.DataFrame, centroids: np.ndarray, number: int) -> pl.DataFrame:
    """cluster_id, example_texts: up to `number` texts of different users nearest to the centroid, all different.

    `documents` has cluster_id, user_key, distance (of the user to the centroid), clean_text, text_hash, ts and maybe
    vector. Nearest by the texts' own vectors where all have one, else by the users' distances (the latest text first).
    Ties go by text_hash and time, so that pseudonyms decide nothing.
    """
    line = pl.col("clean_text").str.replace_all(r"\s+", " ").str.strip_chars().str.slice(0, LENGTH - 1)
    shown = documents.with_columns(line.alias("line")).filter(pl.col("line") != "")
    return (
        shown.with_columns(_nearness(shown, centroids))
        .sort(
            "cluster_id",
            "near",
            "text_hash",
            "ts",
            "distance",
            "user_key",
            descending=[False] * 3 + [True] + [False] * 2,
        )
        .unique(["cluster_id", "line"], keep="first", maintain_order=True)
        .unique(["cluster_id", "user_key"], keep="first", maintain_order=True)
        .group_by("cluster_id", maintain_order=True)
        .agg(pl.col("clean_text").head(number).map_elements(shorten, pl.String).alias("example_texts"))
    )


def _nearness(documents: pl.DataFrame, centroids: np.ndarray) -> pl.Series:
    """Cosine distance of each text to its cluster's centroid, or its user's where a text has no vector."""
    if documents.is_empty() or "vector" not in documents.columns or documents["vector"].null_count():
        return documents["distance"].alias("near")
    own = centroids[documents["cluster_id"].to_numpy()]
    cosines = np.einsum("ij,ij->i", as_matrix(documents["vector"]), own, dtype=np.float64)
    return pl.Series("near", 1 - cosines)
