"""What is known at the end of a window, read from the lake: nothing later is opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.recommendation_tables import ITEM_VECTORS
from interest_platform.domain.tables import CLUSTER_MEMBERS, RAW_TEXTS, USER_INTERESTS, WINDOW_LOADS
from interest_platform.domain.windows import Window
from interest_platform.interests import as_matrix
from interest_platform.lake import Lake
from interest_platform.segments import Segmentation

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context

TEXTS = ["user_key", "item_id", "ts", "category"]
"""What is read of a text, whether it is about an item or not."""

OVER_HISTORY = (RAW_TEXTS, ITEM_VECTORS)
OF_THE_WINDOW = (USER_INTERESTS, CLUSTER_MEMBERS, SEGMENT_IDENTITIES)

VERSIONS = 8
"""Versions whose loads are remembered: a step asks for the same one several times."""

Key = TypeVar("Key")
Value = TypeVar("Value")
Loads = Mapping[tuple[str, datetime], datetime]
"""Table and start of a window to when it was loaded."""


def context_at(lake: Lake, window: Window, version: int) -> "Context":
    """The context at the window's end, for who needs one; `ContextReader` is for several."""
    return ContextReader(lake).context(window, version)


class ContextReader:
    """Contexts of a run's windows: a window's texts are read once, and a context is made once.

    Each window that a run writes is a new version of the lake in which hardly anything is new. What is kept is told
    apart by when it was loaded (`window_loads`), so that it is read again at a version in which it is another.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        given = lake.settings.config.recommendation
        self._loads: dict[int, Loads] = {}
        self._texts: dict[Window, tuple[datetime | None, pl.DataFrame]] = {}
        self._contexts: dict[Window, tuple[object, Context]] = {}
        self._kept_texts = given.history + given.taught + given.horizon
        self._kept_contexts = given.horizon + 2

    def context(self, window: Window, version: int) -> "Context":
        """The context at the window's end, of the windows of `recommendation.history` that are loaded.

        Users of the window's interests are rows, and items with a vector by the window's encoder are columns, if nobody
        has dealt with them too.
        """
        windows = self.history(window)
        loads = self._loads_at(version)
        made_of = [(t.name, w.start) for t in OVER_HISTORY for w in windows]
        made_of += [(t.name, window.start) for t in OF_THE_WINDOW]
        told = [loads.get(each) for each in made_of]
        if self._contexts.get(window, (None,))[0] != told:
            self._contexts[window] = told, self._context(window, windows, version)
        found = self._contexts[window][1]
        _forget(self._contexts, self._kept_contexts)
        return found

    def history(self, window: Window) -> list[Window]:
        """The windows behind the context of this one, itself the last."""
        settings = self.lake.settings
        return settings.grid.lookback(window, settings.config.recommendation.history)

    def texts(self, windows: Sequence[Window], version: int) -> pl.DataFrame:
        """`TEXTS` of the windows, in their order."""
        loads = self._loads_at(version)
        wanted = {window: loads.get((RAW_TEXTS.name, window.start)) for window in windows}
        absent = [w for w, at in wanted.items() if w not in self._texts or self._texts[w][0] != at]
        read = self.lake.read(RAW_TEXTS, absent, columns=["window_start", *TEXTS], version=version)
        parts = read.partition_by("window_start", as_dict=True, include_key=False)
        for window in absent:
            none = read.clear().drop("window_start")
            self._texts[window] = wanted[window], parts.get((window.start,), none)
        found = [self._texts[window][1] for window in windows]
        _forget(self._texts, self._kept_texts)
        return pl.concat(found) if found else read.drop("window_start")

    def interactions(self, windows: Sequence[Window], version: int) -> pl.DataFrame:
        """user_key, item_id and ts of the windows' texts that are about an item."""
        return self.texts(windows, version).select("user_key", "item_id", "ts").drop_nulls("item_id")

    def active_users(self, window: Window, version: int) -> pl.Series:
        """Users with a text in the window or its lookback: those who are offered something after it."""
        settings = self.lake.settings
        windows = settings.grid.lookback(window, settings.config.windows.lookback)
        return self.texts(windows, version)["user_key"].unique().sort()

    def _loads_at(self, version: int) -> Loads:
        if version not in self._loads:
            names = ["table_name", "window_start", "loaded_at"]
            rows = self.lake.read(WINDOW_LOADS, columns=names, version=version)
            self._loads[version] = {(table, start): at for table, start, at in rows.iter_rows()}
        found = self._loads[version]
        _forget(self._loads, VERSIONS)
        return found

    def _context(self, window: Window, windows: Sequence[Window], version: int) -> "Context":
        from interest_platform.recommendation.context import Context
        from interest_platform.recommendation.interactions import Interactions

        columns = ["user_key", "interest_no", "weight", "vector", "encoder"]
        interests = self.lake.read(USER_INTERESTS, [window], columns=columns, version=version)
        items = _items(self.lake, windows, interests["encoder"].unique().to_list(), version)
        told = self.interactions(windows, version)
        known = Interactions.of(told, window.end, interests["user_key"], items["item_id"])
        segment_ids, shares = _segments(self.lake, window, interests, known.users, version)
        return Context(
            end=window.end,
            interactions=known,
            recent_days=(window.end - window.start).total_seconds() / 86_400,
            segment_ids=segment_ids,
            segments=shares,
            user_vectors=_placed(interests.filter(pl.col("interest_no") == 0), "user_key", known.users),
            item_vectors=_placed(items, "item_id", known.items),
        )


def _forget(cache: dict[Key, Value], most: int) -> None:
    """Forget the first windows, or versions, beyond `most`: a run goes on from there."""
    for key in sorted(cache)[: max(0, len(cache) - most)]:  # type: ignore[type-var]
        del cache[key]


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
