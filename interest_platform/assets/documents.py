"""The texts behind the users of a window: what clusters are described by."""

from collections.abc import Sequence

import polars as pl

from interest_platform.domain.tables import CLEANED_TOKENS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake
from interest_platform.lake.vectors import vectors_of


def documents_of(lake: Lake, windows: Sequence[Window], version: int) -> pl.DataFrame:
    """user_key, ts, lang, clean_text, tokens, text_hash and vector of every embedded text of the windows."""
    texts = lake.read(RAW_TEXTS, windows, columns=["text_id", "user_key", "ts"], version=version)
    cleaned = lake.read(
        CLEANED_TOKENS, windows, columns=["text_id", "lang", "clean_text", "tokens", "text_hash"], version=version
    )
    vectors = vectors_of(lake, windows, version).drop("encoder").unique("text_hash", keep="first", maintain_order=True)
    return texts.join(cleaned, on="text_id").join(vectors, on="text_hash").drop("text_id")
