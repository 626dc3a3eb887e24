"""What is known at the end of a window, read from the lake: nothing later is opened."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from interest_platform.configuration import Configuration
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.recommendation_tables import ITEM_VECTORS
from interest_platform.domain.tables import CLUSTER_MEMBERS, RAW_TEXTS, USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.interests import as_matrix
from interest_platform.lake import Lake
from interest_platform.segments import Segmentation

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context

INTERACTION = ["user_key", "item_id", "ts"]


def context_at(lake: Lake, window: Window, version: int) -> "Context":
    """The context at the window's end, of the windows of `recommendation.history` that are loaded.

    Users of the window's interests are rows, and items with a vector by the window's encoder are columns, if nobody
    has dealt with them too.
    """
    from interest_platform.recommendation.context import Context
    from interest_platform.recommendation.interactions import Interactions

    config, grid = lake.settings.config, lake.settings.grid
    windows = grid.lookback(window, config.recommendation.history)
    told = lake.read(RAW_TEXTS, windows, columns=INTERACTION, version=version)
    columns = ["user_key", "interest_no", "weight", "vector", "encoder"]
    interests = lake.read(USER_INTERESTS, [window], columns=columns, version=version)
    items = _items(lake, windows, interests["encoder"].unique().to_list(), version)
    known = Interactions.of(told, window.end, interests["user_key"], items["item_id"])
    segment_ids, shares = _segments(lake, window, interests, known.users, version)
    return Context(
        end=window.end,
        interactions=known,
        recent_days=(window.end - window.start).total_seconds() / 86_400,
        segment_ids=segment_ids,
        segments=shares,
        user_vectors=_placed(interests.filter(pl.col("interest_no") == 0), "user_key", known.users),
        item_vectors=_placed(items, "item_id", known.items),
    )


def active_users(lake: Lake, config: Configuration, window: Window, version: int) -> pl.Series:
    """Users with a text in the window or its lookback: those who are offered something after it."""
    lookback = lake.settings.grid.lookback(window, config.windows.lookback)
    return lake.read(RAW_TEXTS, lookback, columns=["user_key"], version=version)["user_key"].unique().sort()


def interactions_in(lake: Lake, window: Window, version: int) -> pl.DataFrame:
    """user_key, item_id and ts of the window's texts that are about an item."""
    return lake.read(RAW_TEXTS, [window], columns=INTERACTION, version=version).drop_nulls("item_id")


def _items(lake: Lake, windows: Sequence[Window], encoders: Sequence[str], version: int) -> pl.DataFrame:
    """Each item's newest vector by the encoder that the window's users have."""
    found = lake.read(ITEM_VECTORS, windows, columns=["window_start", "item_id", "vector", "encoder"], version=version)
    newest = found.filter(pl.col("encoder").is_in(encoders)).sort("window_start", descending=True)
    return newest.unique("item_id", keep="first", maintain_order=True).select("item_id", "vector").sort("item_id")


def _segments(
    lake: Lake, window: Window, interests: pl.DataFrame, users: np.ndarray, version: int
) -> tuple[tuple[str, ...], np.ndarray | None]:
    """The window's segments and each user's shares of them, by the weights of the interests, (n, s)."""
    members = lake.read(CLUSTER_MEMBERS, [window], version=version)
    identities = lake.read(SEGMENT_IDENTITIES, [window], version=version)
    if members.is_empty() or identities.is_empty():
        return (), None
    placed = Segmentation(window, members, identities).interests()
    weighed = placed.join(interests.select("user_key", "interest_no", "weight"), on=["user_key", "interest_no"])
    names = sorted(identities["segment_id"].unique())
    shares = np.zeros((len(users), len(names)), np.float32)
    rows = np.searchsorted(users, weighed["user_key"].to_numpy().astype(object))
    np.add.at(shares, (rows, np.searchsorted(names, weighed["segment_id"].to_list())), weighed["weight"].to_numpy())
    total = shares.sum(axis=1, keepdims=True)
    return tuple(names), np.divide(shares, total, out=shares, where=total > 0)


def _placed(frame: pl.DataFrame, key: str, names: np.ndarray) -> np.ndarray | None:
    """The vectors (len(names), d) in the order of the names; rows of 0 where there is none."""
    if frame.is_empty():
        return None
    vectors = as_matrix(frame["vector"])
    placed = np.zeros((len(names), vectors.shape[1]), np.float32)
    placed[np.searchsorted(names, frame[key].to_numpy().astype(object))] = vectors
    return placed
