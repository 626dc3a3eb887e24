"""What was told between two windows beside what the lake has of the window that was open then."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from interest_platform.domain.dynamics_tables import SEGMENT_EVENTS, SEGMENT_IDENTITIES
from interest_platform.domain.tables import CLEANED_TOKENS, CLUSTER_MEMBERS, EMBEDDINGS, RAW_TEXTS, USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.lake.lake import Lake
from interest_platform.live import Found, Told, differences
from interest_platform.segments import Segmentation


def reconciled(lake: Lake, window: Window, told: Told, version: int) -> pl.DataFrame:
    """The columns of `provisional_differences` but window_start, of a window that has its segments.

    Raises `ContractError` where these are of another clustering.
    """
    since = _since(lake, told.base_start, window)
    members = lake.read(CLUSTER_MEMBERS, [window], version=version)
    identities = lake.read(SEGMENT_IDENTITIES, [window], version=version)
    strongest = lake.read(
        USER_INTERESTS, [window], columns=["user_key", "interest_no", "vector"], version=version
    ).filter(pl.col("interest_no") == 0)
    placed = Segmentation(window, members, identities).users()
    found = Found(
        window=window,
        users=strongest.join(placed, on="user_key").select("user_key", "segment_id", "vector"),
        texts=_texts(lake, since, version),
        segments=frozenset(identities["segment_id"]),
        events=[
            list(rows.select("kind", "parents", "children").iter_rows())
            for rows in (lake.read(SEGMENT_EVENTS, [each], version=version) for each in since)
        ],
    )
    return differences(told, found).with_columns(
        pl.lit(told.as_of, pl.Datetime("us")).alias("as_of"),
        pl.lit(told.base_start, pl.Datetime("us")).alias("base_window_start"),
    )


def _since(lake: Lake, base_start: datetime, window: Window) -> Sequence[Window]:
    """The windows after the base, this one included, oldest first."""
    back = lake.settings.grid.lookback(window, 1 + lake.settings.config.dynamics.grace)
    return [each for each in back if each.start > base_start]


def _texts(lake: Lake, windows: Sequence[Window], version: int) -> pl.DataFrame:
    """user_key, text_hash, ts of the windows' texts that have a vector."""
    texts = lake.read(RAW_TEXTS, windows, columns=["text_id", "user_key", "ts"], version=version)
    cleaned = lake.read(CLEANED_TOKENS, windows, columns=["text_id", "text_hash"], version=version)
    encoded = lake.read(EMBEDDINGS, windows, columns=["text_hash"], version=version)
    found = texts.join(cleaned, on="text_id").join(encoded, on="text_hash", how="semi")
    return found.select("user_key", "text_hash", "ts")
