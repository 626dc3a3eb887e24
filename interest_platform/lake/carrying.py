"""What the lake says of carried segments and their ids."""

import polars as pl

from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.domain.windows import Window
from interest_platform.dynamics.lineages import Carrying
from interest_platform.lake.lake import Lake

_READ = ["lineage", "state", "cluster_id", "event", "parents", "reason", "went_on"]


def carrying_of(lake: Lake, window: Window, known: pl.DataFrame, version: int) -> Carrying:
    """The window's carried segments; `known` are the `known_identities`, which have the segment of each lineage."""
    rows = lake.read(CARRIED_SEGMENTS, [window], columns=_READ, version=version)
    named = known.drop_nulls("lineage").sort("window_start").unique("lineage", keep="last", maintain_order=True)
    return Carrying(rows, dict(named.select("lineage", "segment_id").iter_rows()))


def lineages_of(carrying: Carrying) -> pl.DataFrame:
    """cluster_id and lineage of the window's clusters."""
    told = carrying.rows.filter(pl.col("cluster_id").is_not_null())
    return told.select(pl.col("cluster_id").cast(pl.Int32), "lineage")
