"""Which users of a window belong together: carried from the last window, or clustered where there are gaps between."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.clustering import Clustering, cluster
from interest_platform.clustering.carried import Carried, State, carry
from interest_platform.clustering.carried.clustering import METHOD, placed
from interest_platform.clustering.carried.frame import state_frame
from interest_platform.clustering.separation import clear_from
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.domain.tables import CLUSTER_SNAPSHOTS
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake
from interest_platform.lake.carried import Remembered, pooled_windows, remembered
from interest_platform.lake.mappings import mappings
from interest_platform.resources import SettingsResource

APART = f"{METHOD}: apart"
"""`k_method` of windows with gaps between clusters: the split test finds them, the tracker follows them."""

STILL_APART = 3.5
"""Mean separation at which clusters that were apart are still: less than a beginning needs, so that a window near the
limit does not change the way."""

FEWEST = 12
"""Users below which clusters are not asked whether they are apart."""

ALONE = 3
"""Windows of a single cluster after which groups that were apart are believed to be gone."""


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
    start: np.ndarray | None,
    version: int,
) -> Grouped:
    """The clusters of the window's interests, (n,) rows with their `vectors`, by the settings.

    `start` is where the last window's clusters are now (`dynamics.warm_start`).
    """
    given = settings.config.clustering
    if not given.carries:
        return Grouped(cluster(vectors, given, start=start, in_place=True), CARRIED_SEGMENTS.empty(), {})
    known = mappings(lake, pooled_windows(settings.grid, window), version)
    before = remembered(lake, settings.grid, window, interests, vectors, known, version)
    encoder = str(interests["encoder"][0]) if interests.height else None
    if encoder is None:
        return _nobody(before.state, vectors, given, _last_encoder(lake, settings, window, version))
    if (found := _apart(lake, settings, window, before, vectors, start, version)) is not None:
        return Grouped(found, CARRIED_SEGMENTS.empty(), {})
    return _carried(before, window, given, encoder)


def _nobody(state: State | None, vectors: np.ndarray, given: ClusteringSettings, encoder: str) -> Grouped:
    """A window without users: no cluster, and the segments wait."""
    empty = cluster(vectors, given)
    if state is None:
        return Grouped(empty, CARRIED_SEGMENTS.empty(), {})
    waiting = replace(state, ages=tuple(age + 1 for age in state.ages))
    return Grouped(empty, state_frame(waiting, state, (), {}, encoder), {})


def _last_encoder(lake: Lake, settings: SettingsResource, window: Window, version: int) -> str:
    last = settings.grid.shift(window, -1)
    rows = lake.read(CARRIED_SEGMENTS, [last], columns=["encoder"], version=version)
    return str(rows["encoder"][0]) if rows.height else ""


def _carried(before: Remembered, window: Window, given: ClusteringSettings, encoder: str) -> Grouped:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        found = carry(before.history, before.state, window.key, given.detail)
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
    if found.changes:
        told["changes"] = "; ".join(f"{change.kind}: {change.evidence}" for change in found.changes)
    return told


def _apart(
    lake: Lake,
    settings: SettingsResource,
    window: Window,
    before: Remembered,
    vectors: np.ndarray,
    start: np.ndarray | None,
    version: int,
) -> Clustering | None:
    """The split test's clusters, where they are apart.

    It is asked at a beginning, and as long as they are: segments that are carried go on being carried, for on the way
    from one to the other ids would be lost.
    """
    were = _were_apart(lake, settings, window, version)
    if not were and (before.state is not None or len(vectors) < FEWEST):
        return None
    asked = settings.config.clustering.model_copy(update={"k_rule": "split_test"})
    found = cluster(vectors, asked, start=start)
    return replace(found, k_method=APART) if _is_apart(found, were) else None


def _is_apart(found: Clustering, were: bool) -> bool:
    """One cluster, and a few users, tell nothing: it stays as it was."""
    if found.separation is None or len(found.labels) < FEWEST:
        return were
    mean = float(found.separation @ found.sizes) / float(found.sizes.sum())
    return mean >= (STILL_APART if were else clear_from(len(found.labels)))


def _were_apart(lake: Lake, settings: SettingsResource, window: Window, version: int) -> bool:
    """Whether the last window's clusters were apart, and not one alone for `ALONE` windows."""
    earlier = [settings.grid.shift(window, -ago) for ago in range(1, ALONE + 1)]
    earlier = [each for each in earlier if each.start >= settings.grid.first.start]
    columns = ["window_start", "k", "k_method"]
    rows = lake.read(CLUSTER_SNAPSHOTS, earlier, columns=columns, version=version).unique().sort("window_start")
    if rows.is_empty() or rows["k_method"][-1] != APART:
        return False
    return rows.height < ALONE or bool((rows["k"] > 1).any())
