"""What the lake tells a micro-batch: where it stands, what it goes on from, and whether that still holds."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.live_tables import BESIDE_THE_LINE, PROVISIONAL_VECTORS
from interest_platform.domain.tables import CLUSTER_MEMBERS, EMBEDDINGS, WINDOW_LOADS
from interest_platform.domain.windows import Window
from interest_platform.errors import LiveError
from interest_platform.lake.lake import Lake
from interest_platform.lake.past import is_identified
from interest_platform.lake.segment_map import segment_map
from interest_platform.live.open_window import OpenWindow, open_window
from interest_platform.segments.segment_map import SegmentMap
from interest_platform.segments.segmentation import Segmentation


def opened_at(lake: Lake, as_of: datetime, version: int) -> OpenWindow | None:
    """The window that is open then, as a version of the lake has it; None after the grid's end.

    Raises `LiveError` as `open_window` does.
    """
    config, grid = lake.settings.config, lake.settings.grid
    loads = lake.read(WINDOW_LOADS, columns=["window_start", "table_name"], version=version)
    identified = _windows(lake, loads.filter(pl.col("table_name") == SEGMENT_IDENTITIES.name)["window_start"])
    rows = lake.read(SEGMENT_IDENTITIES, identified, columns=["window_start"], version=version)
    return open_window(
        grid,
        as_of,
        identified,
        _windows(lake, rows["window_start"]),
        lookback=config.windows.lookback,
        reach=1 + config.dynamics.grace,
    )


def places_of(lake: Lake, base: Window, version: int) -> SegmentMap:
    """The map of the base window's segments. Raises `LiveError` while the window is being loaded again."""
    found = segment_map(lake, base, version) if is_identified(lake, base, version) else None
    if found is None:
        raise LiveError(
            f"the window {base} is being loaded again and its segments are not known yet: run the micro-batch once "
            "that is done (`interest restate` brings a window that was killed to its end)"
        )
    return found


def segments_before(lake: Lake, base: Window, version: int) -> pl.DataFrame:
    """user_key, segment_id of the base window's users, by the strongest interest."""
    columns = ["user_key", "interest_no", "cluster_id"]
    members = lake.read(CLUSTER_MEMBERS, [base], columns=columns, version=version)
    names = ["cluster_id", "segment_id"]
    identities = lake.read(SEGMENT_IDENTITIES, [base], columns=names, version=version)
    return Segmentation(base, members, identities).users().select("user_key", "segment_id")


def still_holds(lake: Lake, opened: OpenWindow, version: int) -> bool:
    """Whether none of the windows behind a micro-batch, nor the open one, was loaded since it read this version."""
    windows = [opened.base, *opened.known, *opened.unread[:-1], opened.window]
    return _loads(lake, windows, version).equals(_loads(lake, windows, lake.version()))


def encoded_before(lake: Lake, window: Window, version: int) -> pl.DataFrame:
    """The rows of `provisional_vectors` of the window, without window_start."""
    return lake.read(PROVISIONAL_VECTORS, [window], version=version).drop("window_start")


def loaded_since(lake: Lake, version: int) -> list[Window]:
    """Windows whose texts' vectors are still kept as provisional ones though `embeddings` has them all."""
    starts = lake.read(PROVISIONAL_VECTORS, columns=["window_start"], version=version)["window_start"]
    return lake.loaded_windows(EMBEDDINGS.name, _windows(lake, starts), version=version)


def _windows(lake: Lake, starts: pl.Series) -> list[Window]:
    """The grid's windows that start then, oldest first."""
    grid = lake.settings.grid
    within = starts.filter((starts >= grid.first.start) & (starts < grid.end_time)).unique().sort()
    return [grid.window(f"{start:%Y-%m-%d}") for start in within]


def _loads(lake: Lake, windows: Sequence[Window], version: int) -> pl.DataFrame:
    columns = ["window_start", "table_name", "loaded_at"]
    found = lake.read(WINDOW_LOADS, sorted(set(windows)), columns=columns, version=version)
    return found.filter(~pl.col("table_name").is_in([table.name for table in BESIDE_THE_LINE]))
