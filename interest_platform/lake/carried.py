"""What the lake keeps of segments that are carried on: the users behind them, and the segments themselves."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.clustering.carried import History, State, history
from interest_platform.clustering.carried.history import OLDEST
from interest_platform.clustering.carried.state import MOVING, SHARPNESS
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.domain.tables import USER_INTERESTS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.mapped import Mappings, clusters_in
from interest_platform.interests.vectors import as_matrix
from interest_platform.lake.lake import Lake

_READ = ["window_start", "user_key", "interest_no", "vector", "half", "encoder"]


@dataclass(frozen=True)
class Remembered:
    """The history of a window's users, where its rows stand in it, and the state of the last window's segments."""

    history: History
    place: np.ndarray
    state: State | None


def pooled_windows(grid: WindowGrid, window: Window) -> list[Window]:
    """The windows whose users are looked at together, as far as they are of the grid; this one is the last."""
    back = (grid.shift(window, -ago) for ago in range(OLDEST - 1, -1, -1))
    return [each for each in back if each.start >= grid.first.start]


def remembered(
    lake: Lake,
    grid: WindowGrid,
    window: Window,
    interests: pl.DataFrame,
    vectors: np.ndarray,
    known: Mappings,
    version: int,
) -> Remembered:
    """What is known when the window's `interests`, (n,) rows with their `vectors`, are placed.

    Earlier windows of another encoder are seen through its mapping, and left out where there is none; then, and where
    the last window was not loaded, there is no state to go on from.
    """
    encoder = str(interests["encoder"][0]) if interests.height else None
    earlier = lake.read(USER_INTERESTS, pooled_windows(grid, window)[:-1], columns=_READ, version=version)
    parts = [
        told
        for _, of in earlier.group_by("window_start", maintain_order=True)
        if (told := _in_space(of, encoder, known)) is not None
    ]
    names = [of["user_key"].to_list() for of, _, _ in parts] + [interests["user_key"].to_list()]
    half = _halves(lake, window, interests, vectors.shape[1], version)
    found, place = history([v for _, v, _ in parts] + [vectors], names, [h for _, _, h in parts] + [half])
    return Remembered(found, place, last_state(lake, grid, window, encoder, known, version))


def _halves(lake: Lake, window: Window, interests: pl.DataFrame, dimensions: int, version: int) -> np.ndarray:
    keys = ["user_key", "interest_no"]
    told = lake.read(USER_INTERESTS, [window], columns=[*keys, "half"], version=version)
    return _filled(interests.select(keys).join(told, on=keys, how="left", maintain_order="left")["half"], dimensions)


def _filled(halves: pl.Series, dimensions: int) -> np.ndarray:
    """(n, d) float32, zeros where there is none."""
    found = np.zeros((len(halves), dimensions), np.float32)
    there = halves.is_not_null().to_numpy()
    if there.any():
        found[there] = as_matrix(halves.drop_nulls())
    return found


def _in_space(
    of: pl.DataFrame, encoder: str | None, known: Mappings
) -> tuple[pl.DataFrame, np.ndarray, np.ndarray] | None:
    """A window's rows with vectors and halves in the encoder's space; None where they have no place in it."""
    made_by, vectors = str(of["encoder"][0]), as_matrix(of["vector"])
    halves = _filled(of["half"], vectors.shape[1])
    if made_by == encoder:
        return of, vectors, halves
    mapping = None if encoder is None else known.get((made_by, encoder))
    if mapping is None:
        return None
    mapped = np.asarray(mapping(vectors), np.float32)
    return of, mapped, np.zeros_like(mapped)


def last_state(
    lake: Lake, grid: WindowGrid, window: Window, encoder: str | None, known: Mappings, version: int
) -> State | None:
    """The state after the last window; None where it has none, or none that can be compared."""
    last = grid.shift(window, -1)
    if last.start < grid.first.start:
        return None
    rows = lake.read(CARRIED_SEGMENTS, [last], version=version)
    if rows.is_empty():
        return None
    made_by = str(rows["encoder"][0])
    if encoder is not None and made_by != encoder:
        rows, made_by = clusters_in(encoder, rows, made_by, known)
        if made_by != encoder:
            return None
    live, ended = rows.filter(pl.col("state").is_in(["live", "quiet"])), rows.filter(pl.col("state") == "ended")
    first = rows.row(0, named=True)
    centroids = as_matrix(live["centroid"])
    return State(
        centroids=centroids,
        lineages=tuple(live["lineage"]),
        ages=tuple(live["age"]),
        ended=as_matrix(ended["centroid"]) if ended.height else centroids[:0],
        ended_lineages=tuple(ended["lineage"]),
        ended_ago=tuple(ended["age"]),
        measured_ago=first["measured_ago"],
        sharpness=first["sharpness"] or SHARPNESS,
        moving=first["moving"] or MOVING,
    )
