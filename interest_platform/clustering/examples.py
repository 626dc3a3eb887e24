"""Texts that show what a cluster is about, without telling who wrote them, cut to a readable length."""

import numpy as np
import polars as pl

from interest_platform.clustering.anonymity import common_words, hide, words_by_text
from interest_platform.interests.vectors import as_matrix

LENGTH = 240
"""Characters of an example text at most."""

TRIED = 12
"""Times the wanted number of texts that are looked at: some have too many rare words to be shown."""

HIDDEN_SHARE = 1 / 3
"""Of a text's distinct words that may be hidden; of one with more there is too little left to read."""


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


def examples(documents: pl.DataFrame, centroids: np.ndarray, number: int, users: int = 1) -> pl.DataFrame:
    """cluster_id, example_texts: up to `number` texts of different users nearest to the centroid, all different.

    `documents` has cluster_id, user_key, distance (of the user to the centroid), clean_text, text_hash, ts and maybe
    vector and lang. Nearest by the texts' own vectors where all have one, else by the users' distances (the latest text
    first). Ties go by text_hash and time, so that pseudonyms decide nothing. Words that fewer than `users` users of
    `documents` use are hidden; texts with more than `HIDDEN_SHARE` of their words hidden are passed over.
    """
    line = pl.col("clean_text").str.replace_all(r"\s+", " ").str.strip_chars().str.slice(0, LENGTH - 1)
    shown = documents.with_columns(line.alias("line")).filter(pl.col("line") != "")
    nearest = (
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
        .head(number if users == 1 else TRIED * number)
        .with_columns(pl.col("clean_text").map_elements(shorten, pl.String))
    )
    readable = nearest if users == 1 else _hidden(nearest, documents, users)
    return readable.group_by("cluster_id", maintain_order=True).agg(
        pl.col("clean_text").head(number).alias("example_texts")
    )


def _hidden(texts: pl.DataFrame, documents: pl.DataFrame, users: int) -> pl.DataFrame:
    """Those of the texts that are readable with their rare words hidden, each once a cluster."""
    words = words_by_text(texts)
    common = common_words(documents, words["word"], users)
    known = words.group_by("row").agg("word")
    by_row = dict(zip(known["row"].to_list(), (set(w) for w in known["word"]), strict=True))
    lines = [_line(text, by_row.get(row, set()), common) for row, text in enumerate(texts["clean_text"])]
    told = texts.with_columns(pl.Series("clean_text", lines, pl.String)).drop_nulls("clean_text")
    # a word that hiding has missed (a letter without a lower case of its own, say) is not let through
    left = words_by_text(told).filter(pl.col("word").is_in(set(words["word"]) - common))["row"]
    passed = told.with_row_index("row").filter(~pl.col("row").is_in(left.implode())).drop("row")
    return passed.unique(["cluster_id", "clean_text"], keep="first", maintain_order=True)


def _line(text: str, words: set[str], common: set[str]) -> str | None:
    rare = words - common
    return hide(text, rare) if words and len(rare) <= HIDDEN_SHARE * len(words) else None


def _nearness(documents: pl.DataFrame, centroids: np.ndarray) -> pl.Series:
    """Cosine distance of each text to its cluster's centroid, or its user's where a text has no vector."""
    if documents.is_empty() or "vector" not in documents.columns or documents["vector"].null_count():
        return documents["distance"].alias("near")
    own = centroids[documents["cluster_id"].to_numpy()]
    cosines = np.einsum("ij,ij->i", as_matrix(documents["vector"]), own, dtype=np.float64)
    return pl.Series("near", 1 - cosines)
