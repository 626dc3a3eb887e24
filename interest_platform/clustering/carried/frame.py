"""A carried window as rows of `carried_segments`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from interest_platform.clustering.carried.history import OLDEST
from interest_platform.clustering.carried.state import Change, State
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS


def state_frame(
    state: State, last: State | None, changes: Sequence[Change], clusters: Mapping[str, int], encoder: str
) -> pl.DataFrame:
    """The columns of `carried_segments` without window_start, a row a lineage, sorted.

    `last` is the state that was carried on, `clusters` has the cluster of each lineage that a user is in.
    """
    began = {child: change for change in changes for child in change.children}
    died = {parent: change for change in changes if change.kind == "death" for parent in change.parents}
    live = zip(state.lineages, state.centroids, state.ages, strict=True)
    rows = [
        _row(lineage, "live" if lineage in clusters else "quiet", place, age, began.get(lineage), clusters.get(lineage))
        for lineage, place, age in live
    ]
    ended = zip(state.ended_lineages, state.ended, state.ended_ago, strict=True)
    rows += [_row(lineage, "ended", place, ago, died.get(lineage)) for lineage, place, ago in ended]
    before = zip(last.lineages, last.centroids, strict=True) if last is not None else ()
    joined = ((lineage, place) for lineage, place in before if lineage in died and lineage not in state.ended_lineages)
    rows += [_row(lineage, "joined", place, 0, died[lineage]) for lineage, place in joined]
    told = {
        "went_on": last is not None,
        "encoder": encoder,
        "measured_ago": state.measured_ago,
        "chosen_of": state.chosen_of,
        "sharpness": state.sharpness,
        "moving": state.moving,
    }
    schema = {column.name: column.type.polars for column in CARRIED_SEGMENTS.body}
    return pl.DataFrame([row | told | {"theme": state.themes.get(row["lineage"])} for row in rows], schema).sort(
        "lineage"
    )


def _row(
    lineage: str, state: str, centroid: np.ndarray, age: int, change: Change | None, cluster: int | None = None
) -> dict[str, Any]:
    """What is known of one segment; `change` is what happened to it in this window."""
    return {
        "lineage": lineage,
        "state": state,
        "cluster_id": cluster,
        "age": age,
        "event": change and change.kind,
        "parents": list(change.parents) if change and change.kind != "death" else [],
        "reason": change and change.evidence,
        "began_ago": change and change.windows,
        "centroid": centroid.tolist(),
    }


def waiting(last: pl.DataFrame) -> pl.DataFrame:
    """The columns of `carried_segments` without window_start after a window without users, from the last window's rows.

    Nothing has happened to any segment; each is a window older, as is the measurement of their number.
    """
    kept = last.filter((pl.col("state") != "joined") & ~((pl.col("state") == "ended") & (pl.col("age") + 1 >= OLDEST)))
    return kept.drop("window_start").with_columns(
        pl.col("state").replace("live", "quiet"),
        pl.col("age") + 1,
        pl.col("measured_ago") + 1,
        pl.lit(True).alias("went_on"),
        pl.lit([], pl.List(pl.String)).alias("parents"),
        cluster_id=pl.lit(None, pl.Int32),
        event=pl.lit(None, pl.String),
        reason=pl.lit(None, pl.String),
        began_ago=pl.lit(None, pl.Int32),
    )
