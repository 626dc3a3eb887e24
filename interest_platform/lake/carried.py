"""What the lake keeps of segments that are carried on: the users behind them, and the segments themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.clustering.carried import History, State, history
from interest_platform.clustering.carried.history import OLDEST, pooled
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.domain.tables import USER_INTERESTS, WINDOW_LOADS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.lineages import Carrying
from interest_platform.dynamics.mapped import Mappings, clusters_in
from interest_platform.interests.vectors import as_matrix
from interest_platform.lake.lake import Lake

_KEY = ["user_key", "interest_no"]
_OF_IDENTITY = ["lineage", "state", "cluster_id", "event", "parents", "reason", "began_ago", "theme", "went_on"]


@dataclass(frozen=True)
class Remembered:
    """The history of a window's users, where its rows stand in it, and the state of the last window's segments."""

    history: History
    place: np.ndarray
    state: State | None


def remembered(
    lake: Lake,
    grid: WindowGrid,
    window: Window,
    interests: pl.DataFrame,
    vectors: np.ndarray,
    known: Mappings,
    version: int,
) -> Remembered:
    """What is known when the window's `interests`, (n,) rows with their `vectors`, n > 0, are placed.

    Earlier windows of another encoder are seen through its mapping, and left out where there is none; then, and where
    the last window was not loaded, there is no state to go on from.
    """
    encoder = str(interests["encoder"][0])
    columns = ["window_start", *_KEY, "vector", "half", "encoder"]
    earlier = lake.read(USER_INTERESTS, _pooled(lake, grid, window, version), columns=columns, version=version)
    parts = [
        told
        for _, of in earlier.group_by("window_start", maintain_order=True)
        if (told := _in_space(of, encoder, known)) is not None
    ]
    half = lake.read(USER_INTERESTS, [window], columns=[*_KEY, "half"], version=version)
    own = interests.select(_KEY).join(half, on=_KEY, how="left", maintain_order="left")["half"]
    parts.append((interests["user_key"].to_list(), vectors, _filled(own, vectors.shape[1])))
    users, seen, halves = zip(*parts, strict=True)
    found, place = history(seen, users, halves)
    return Remembered(found, place, _state(last_rows(lake, grid, window, version), encoder, known))


def _pooled(lake: Lake, grid: WindowGrid, window: Window, version: int) -> Sequence[Window]:
    """The windows before this one that are pooled with it, oldest first, chosen before any vector is read."""
    earlier = grid.lookback(window, OLDEST)[:-1]
    loads = lake.read(WINDOW_LOADS, earlier, columns=["window_start", "table_name", "rows"], version=version)
    rows = dict(loads.filter(pl.col("table_name") == USER_INTERESTS.name).select("window_start", "rows").iter_rows())
    kept = pooled([rows.get(each.start, 0) for each in reversed(earlier)])
    return earlier[len(earlier) - kept :]


def _filled(halves: pl.Series, dimensions: int) -> np.ndarray:
    """(n, d) float32, zeros where there is none."""
    found = np.zeros((len(halves), dimensions), np.float32)
    there = halves.is_not_null().to_numpy()
    if there.any():
        found[there] = as_matrix(halves.drop_nulls())
    return found


def _in_space(of: pl.DataFrame, encoder: str, known: Mappings) -> tuple[list[str], np.ndarray, np.ndarray] | None:
    """A window's users, vectors and halves in the encoder's space; None where they have no place in it."""
    made_by, users, vectors = str(of["encoder"][0]), of["user_key"].to_list(), as_matrix(of["vector"])
    if made_by == encoder:
        return users, vectors, _filled(of["half"], vectors.shape[1])
    mapping = known.get((made_by, encoder))
    if mapping is None:
        return None
    mapped = np.asarray(mapping(vectors), np.float32)
    return users, mapped, np.zeros_like(mapped)


def last_rows(lake: Lake, grid: WindowGrid, window: Window, version: int) -> pl.DataFrame:
    """The rows of `carried_segments` of the last window; none where it has none."""
    return lake.read(CARRIED_SEGMENTS, grid.lookback(window, 2)[:-1], version=version)


def _state(rows: pl.DataFrame, encoder: str, known: Mappings) -> State | None:
    """The state that the rows tell; None where there are none, or none that can be compared."""
    if rows.is_empty():
        return None
    made_by = str(rows["encoder"][0])
    if made_by != encoder:
        rows, made_by = clusters_in(encoder, rows, made_by, known)
        if made_by != encoder:
            return None
    live, ended = rows.filter(pl.col("state").is_in(["live", "quiet"])), rows.filter(pl.col("state") == "ended")
    first, centroids = rows.row(0, named=True), as_matrix(live["centroid"])
    return State(
        centroids=centroids,
        lineages=tuple(live["lineage"]),
        ages=tuple(live["age"]),
        ended=as_matrix(ended["centroid"]) if ended.height else centroids[:0],
        ended_lineages=tuple(ended["lineage"]),
        ended_ago=tuple(ended["age"]),
        measured_ago=first["measured_ago"],
        chosen_of=first["chosen_of"],
        themes=dict(live.drop_nulls("theme").select("lineage", "theme").iter_rows()),
        sharpness=first["sharpness"],
        moving=first["moving"],
    )


def carrying_of(lake: Lake, window: Window, known: pl.DataFrame, version: int) -> Carrying:
    """The window's carried segments; `known` are the `known_identities`, which have the segment of each lineage."""
    rows = lake.read(CARRIED_SEGMENTS, [window], columns=_OF_IDENTITY, version=version)
    named = known.drop_nulls("lineage").sort("window_start").unique("lineage", keep="last", maintain_order=True)
    return Carrying(rows, dict(named.select("lineage", "segment_id").iter_rows()))
