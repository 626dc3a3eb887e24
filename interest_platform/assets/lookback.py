"""The texts of a window and its lookback with their vectors, as the assets of users and of items both read them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS, RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.embedding import require_same_encoder
from interest_platform.lake import Lake
from interest_platform.lake.vectors import vectors_of


@dataclass(frozen=True)
class Lookback:
    """`texts` have the columns asked for and text_hash; `encoder` is empty where there is no vector."""

    windows_present: int
    texts: pl.DataFrame
    vectors: pl.DataFrame
    encoder: str


def lookback_of(lake: Lake, window: Window, version: int, columns: Sequence[str], asset: str) -> Lookback:
    """Of the windows that are loaded. Raises `MixedEncodersError`, with the asset's name, for vectors of several."""
    windows = lake.settings.grid.lookback(window, lake.settings.config.windows.lookback)
    return texts_behind(lake, windows, version, columns, f"{asset} of {window.key}")


def texts_behind(
    lake: Lake,
    windows: Sequence[Window],
    version: int,
    columns: Sequence[str],
    what: str,
    users: pl.Series | None = None,
) -> Lookback:
    """The texts of those of the windows that are loaded, with `users` (user_key) of theirs alone.

    Raises `MixedEncodersError`, saying of `what`, for vectors of several encoders.
    """
    present = lake.loaded_windows(EMBEDDINGS.name, windows, version=version)
    whose = None if users is None else users.to_frame("user_key")
    texts = lake.read(RAW_TEXTS, present, columns=["text_id", *columns], version=version, among=whose)
    ids = None if users is None else texts.select("text_id")
    cleaned = lake.read(CLEANED_TOKENS, present, columns=["text_id", "text_hash"], version=version, among=ids)
    hashes = None if users is None else cleaned.select("text_hash")
    vectors = vectors_of(lake, present, version, hashes)
    encoders = vectors["encoder"].unique().sort()
    encoder = require_same_encoder(encoders, what) if len(encoders) else ""
    return Lookback(len(present), texts.join(cleaned, on="text_id"), vectors, encoder)
