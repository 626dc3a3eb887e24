"""A carried window as rows of `carried_segments`."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from interest_platform.clustering.carried.history import OLDEST
from interest_platform.clustering.carried.state import Change, State
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.interests.vectors import as_lists


def state_frame(
    state: State, last: State | None, changes: Sequence[Change], clusters: Mapping[str, int], encoder: str
) -> pl.DataFrame:
    """The columns of `carried_segments` without window_start, a row a lineage, sorted.

    `last` is the state that was carried on, `clusters` has the cluster of each lineage that a user is in.
    """
    began = {child: change for change in changes for child in change.children}
    died = {parent: change for change in changes if change.kind == "death" for parent in change.parents}
    rows = [
        (lineage, "live" if lineage in clusters else "quiet", clusters.get(lineage), age, began.get(lineage))
        for lineage, age in zip(state.lineages, state.ages, strict=True)
    ]
    rows += [
        (lineage, "ended", None, ago, died.get(lineage))
        for lineage, ago in zip(state.ended_lineages, state.ended_ago, strict=True)
    ]
    centroids = [*state.centroids, *state.ended] if len(state.ended) else [*state.centroids]
    for lineage, centroid in zip(last.lineages, last.centroids, strict=True) if last is not None else ():
        if lineage in died and lineage not in state.ended_lineages:
            rows.append((lineage, "joined", None, 0, died[lineage]))
            centroids.append(centroid)
    columns = {
        "lineage": [row[0] for row in rows],
        "state": [row[1] for row in rows],
        "cluster_id": [row[2] for row in rows],
        "age": [row[3] for row in rows],
        "event": [None if row[4] is None else row[4].kind for row in rows],
        "parents": [[] if row[4] is None or row[4].kind == "death" else list(row[4].parents) for row in rows],
        "reason": [None if row[4] is None else row[4].evidence for row in rows],
        "began_ago": [None if row[4] is None else row[4].windows for row in rows],
    }
    schema = {c.name: c.type.polars for c in CARRIED_SEGMENTS.body if c.name in columns}
    return (
        pl.DataFrame(columns, schema)
        .with_columns(
            as_lists(np.stack(centroids)).alias("centroid"),
            pl.lit(last is not None).alias("went_on"),
            pl.lit(encoder).alias("encoder"),
            pl.lit(state.measured_ago, pl.Int32).alias("measured_ago"),
            pl.Series("theme", [state.themes.get(row[0]) for row in rows], pl.String),
            pl.lit(state.chosen_of, pl.Int32).alias("chosen_of"),
            pl.lit(state.sharpness).alias("sharpness"),
            pl.lit(state.moving).alias("moving"),
        )
        .sort("lineage")
    )


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
