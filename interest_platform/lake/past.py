"""What the lake knows of segments before a window."""

from collections.abc import Sequence

import polars as pl

from interest_platform.domain.dynamics_tables import DRIFT_METRICS, SEGMENT_EVENTS, SEGMENT_IDENTITIES
from interest_platform.domain.offsets import USUAL
from interest_platform.domain.tables import CLUSTER_MEMBERS, CLUSTER_SNAPSHOTS, RAW_TEXTS, USER_INTERESTS, WINDOW_LOADS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.drift.alarms import KNOWN
from interest_platform.dynamics.identities import Past
from interest_platform.dynamics.sightings import Sighting, items_of
from interest_platform.lake.lake import Lake


def sighting(lake: Lake, window: Window, version: int) -> Sighting:
    """The window's clusters, members and their items; without a row where there are none."""
    columns = ["cluster_id", "size", "cohesion", "centroid"]
    clusters = lake.read(CLUSTER_SNAPSHOTS, [window], columns=columns, version=version)
    members = lake.read(CLUSTER_MEMBERS, [window], columns=["user_key", "interest_no", "cluster_id"], version=version)
    interests = lake.read(
        USER_INTERESTS, [window], columns=["user_key", "interest_no", "weight", "encoder"], version=version
    )
    weighed = members.join(interests, on=["user_key", "interest_no"]).select("user_key", "cluster_id", "weight")
    texts = lake.read(RAW_TEXTS, [window], columns=["user_key", "item_id"], version=version)
    encoder = interests["encoder"][0] if interests.height else None
    return Sighting(clusters, weighed, encoder, items_of(weighed, texts))


def last_clustered(lake: Lake, grid: WindowGrid, window: Window, grace: int, version: int) -> Window | None:
    """The last window before this one that has clusters, at most `grace` windows of none between them."""
    for back in range(1, grace + 2):
        earlier = grid.shift(window, -back)
        if earlier.start < grid.first.start:
            break
        if lake.read(CLUSTER_SNAPSHOTS, [earlier], columns=["cluster_id"], version=version).height:
            return earlier
        if not lake.loaded_windows(CLUSTER_SNAPSHOTS.name, [earlier], version=version):
            break  # not loaded: nobody knows what was in it, so this window is a beginning
    return None


def known_identities(lake: Lake, grid: WindowGrid, window: Window, version: int) -> pl.DataFrame:
    """segment_identities of all windows before this one."""
    before = list(lake.loaded_windows(SEGMENT_IDENTITIES.name, _until(grid, window), version=version))
    return lake.read(SEGMENT_IDENTITIES, before, version=version)


def _until(grid: WindowGrid, window: Window) -> list[Window]:
    windows = []
    for earlier in grid:
        if earlier.start >= window.start:
            break
        windows.append(earlier)
    return windows


def past(
    lake: Lake, grid: WindowGrid, window: Window, known: pl.DataFrame, grace: int, version: int
) -> tuple[Past, Window | None]:
    """What came before the window, and the last window that has clusters (None: the window is a beginning).

    `known`: the `known_identities` of the same window and version.
    A last window that was clustered again and not identified since has no ids to go on from: this one is a beginning
    until both are restated, and stale.
    """
    numbers = max((int(segment[1:]) for segment in known["segment_id"]), default=0)
    last = last_clustered(lake, grid, window, grace, version)
    if last is None or not is_identified(lake, last, version):
        return Past(numbers=numbers), None
    rows = known.filter(pl.col("window_start") == last.start)
    found = Past(
        last=sighting(lake, last, version),
        segments=dict(rows.select("cluster_id", "segment_id").iter_rows()),
        absent=_absent(lake, grid, last, known, window, grace, version),
        numbers=numbers,
        gap=grid.shift(last, 1) != window,
    )
    return found, last


def is_identified(lake: Lake, window: Window, version: int) -> bool:
    """Whether the window's segments are those of its clusters, and not of an earlier clustering."""
    loads = lake.read(WINDOW_LOADS, [window], columns=["table_name", "loaded_at"], version=version)
    at = dict(loads.iter_rows())
    identified = at.get(SEGMENT_IDENTITIES.name)
    return identified is not None and identified >= at[CLUSTER_SNAPSHOTS.name]


def _absent(
    lake: Lake, grid: WindowGrid, last: Window, known: pl.DataFrame, window: Window, grace: int, version: int
) -> dict[str, Sighting]:
    """Segments that died at most `grace` windows ago, each as its last window saw it."""
    recent = [w for w in (grid.shift(window, -i) for i in range(1, grace + 1)) if w.start >= grid.first.start]
    events = lake.read(SEGMENT_EVENTS, recent, columns=["kind", "parents"], version=version)
    died = set(events.filter(pl.col("kind") == "death")["parents"].explode().to_list())
    present = set(known.filter(pl.col("window_start") == last.start)["segment_id"])
    # a carried segment may have had no users for longer than that: nobody returns to it by its last place
    oldest = grid.shift(window, -1 - grace).start
    seen = known.filter(pl.col("segment_id").is_in(sorted(died - present)) & (pl.col("window_start") >= oldest))
    seen = seen.sort("window_start")
    latest = seen.unique("segment_id", keep="last", maintain_order=True).sort("segment_id")
    return _sightings(lake, grid, latest, version)


def _sightings(lake: Lake, grid: WindowGrid, latest: pl.DataFrame, version: int) -> dict[str, Sighting]:
    starts: Sequence[object] = latest["window_start"].unique().sort().to_list()
    whole = {start: sighting(lake, grid.window(f"{start:%Y-%m-%d}"), version) for start in starts}
    rows = latest.select("segment_id", "window_start", "cluster_id").iter_rows()
    return {segment: whole[start].only([cluster]) for segment, start, cluster in rows}


def drift_history(lake: Lake, grid: WindowGrid, window: Window, version: int) -> pl.DataFrame:
    """What drift_metrics has of the `USUAL` windows before this one, which tell how much change is usual."""
    return lake.read(DRIFT_METRICS, grid.lookback(window, 1 + USUAL)[:-1], columns=list(KNOWN), version=version)
