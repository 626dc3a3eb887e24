"""Which users of a window belong together: carried from the last window, or clustered where there are gaps between."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.clustering import Clustering, cluster
from interest_platform.clustering.carried import Carried, carry
from interest_platform.clustering.carried.clustering import METHOD, placed
from interest_platform.clustering.carried.frame import state_frame, waiting
from interest_platform.clustering.carried.history import OLDEST
from interest_platform.clustering.separation import clear_from
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.domain.offsets import ALONE
from interest_platform.domain.tables import CLUSTER_MEMBERS, CLUSTER_SNAPSHOTS, USER_INTERESTS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.mapped import clusters_in
from interest_platform.dynamics.warm_start import warm_start
from interest_platform.lake import Lake
from interest_platform.lake.carried import Remembered, last_rows, remembered
from interest_platform.lake.mappings import mappings
from interest_platform.resources import SettingsResource

APART = f"{METHOD}: apart"
"""`k_method` of windows with gaps between clusters: the split test finds them, the tracker follows them."""

STILL_APART = 3.5
"""Mean separation at which clusters that were apart are still: less than a beginning needs, so that a window near the
limit does not change the way."""

FEWEST = 12
"""Users below which clusters are not asked whether they are apart."""


@dataclass(frozen=True)
class Grouped:
    """A window's clustering, its rows of `carried_segments`, and what is told of it."""

    clustering: Clustering
    segments: pl.DataFrame
    metadata: Mapping[str, dg.MetadataValue | str | float | int]


def grouped(
    lake: Lake,
    settings: SettingsResource,
    window: Window,
    interests: pl.DataFrame,
    vectors: np.ndarray,
    last: Window | None,
    version: int,
) -> Grouped:
    """The clusters of the window's interests, (n,) rows with their `vectors`, by the settings.

    `last` is the last window that has clusters.
    """
    given, grid = settings.config.clustering, settings.grid
    if not given.carries:
        start = _start(lake, window, interests, vectors, last, version)
        return Grouped(cluster(vectors, given, start=start, in_place=True), CARRIED_SEGMENTS.empty(), {})
    if interests.is_empty():
        return Grouped(cluster(vectors, given), waiting(last_rows(lake, grid, window, version)), {})
    known = mappings(lake, grid.lookback(window, OLDEST), version)
    before = remembered(lake, grid, window, interests, vectors, known, version)
    were = _were_apart(lake, grid, window, version)
    if were or (before.state is None and len(vectors) >= FEWEST):
        start = _start(lake, window, interests, vectors, last, version)
        found = cluster(vectors, given.model_copy(update={"k_rule": "split_test"}), start=start)
        if _is_apart(found, were):
            return Grouped(replace(found, k_method=APART), CARRIED_SEGMENTS.empty(), {})
    return _carried(before, window, given, str(interests["encoder"][0]))


def _carried(before: Remembered, window: Window, given: ClusteringSettings, encoder: str) -> Grouped:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        found = carry(before.history, before.state, window.key, given.detail, given.k_range)
        shown = placed(found, before.history, before.place)
    rows = state_frame(found.state, before.state, found.changes, shown.clusters, encoder)
    return Grouped(shown.clustering, rows, _told(found))


def _told(found: Carried) -> dict[str, dg.MetadataValue | str | float | int]:
    told: dict[str, dg.MetadataValue | str | float | int] = {
        "segments": found.state.k,
        "sharpness": found.state.sharpness,
        "moving": found.state.moving,
    }
    if found.reproducibility is not None:
        told["reproducibility"] = found.reproducibility
    if found.state.themes:
        told["themes"] = len(set(found.state.themes.values()))
    if found.provisional:
        told["provisional"] = "; ".join(found.provisional) + ": the next window decides"
    if found.changes:
        told["changes"] = "; ".join(f"{change.kind}: {change.evidence}" for change in found.changes)
    return told


def _start(
    lake: Lake, window: Window, interests: pl.DataFrame, vectors: np.ndarray, last: Window | None, version: int
) -> np.ndarray | None:
    """Where the last window's clusters are now."""
    if last is None:
        return None
    clusters = lake.read(CLUSTER_SNAPSHOTS, [last], columns=["cluster_id", "centroid"], version=version)
    members = lake.read(CLUSTER_MEMBERS, [last], columns=["user_key", "interest_no", "cluster_id"], version=version)
    encoders = lake.read(USER_INTERESTS, [last], columns=["encoder"], version=version)["encoder"]
    made_by = encoders[0] if len(encoders) else None
    if made_by is not None and interests.height:
        clusters, made_by = clusters_in(interests["encoder"][0], clusters, made_by, mappings(lake, [window], version))
    return warm_start(interests, clusters, members, made_by, vectors)


def _is_apart(found: Clustering, were: bool) -> bool:
    """One cluster, and a few users, tell nothing: it stays as it was."""
    mean = found.mean_separation
    if mean is None or len(found.labels) < FEWEST:
        return were
    return mean >= (STILL_APART if were else clear_from(len(found.labels)))


def _were_apart(lake: Lake, grid: WindowGrid, window: Window, version: int) -> bool:
    """Whether the last window's clusters were apart, and not one alone for `ALONE` windows.

    Segments that are carried go on being carried: on the way from one to the other ids would be lost.
    """
    earlier = grid.lookback(window, 1 + ALONE)[:-1]
    columns = ["window_start", "k", "k_method"]
    rows = lake.read(CLUSTER_SNAPSHOTS, earlier, columns=columns, version=version).unique().sort("window_start")
    if rows.is_empty() or rows["k_method"][-1] != APART:
        return False
    return rows.height < ALONE or bool((rows["k"] > 1).any())
