"""How far the users of a window fall into groups, from its rows of cluster_snapshots."""

from dataclasses import dataclass

import polars as pl

from interest_platform.clustering.separation import told

COLUMNS = ["window_start", "size", "separation", "structure"]


@dataclass(frozen=True)
class Found:
    """The structure of a window's clusters, and a sentence about it."""

    structure: str
    told: str


def structure_in(rows: pl.DataFrame, lead: str = "") -> Found | None:
    """The same from rows of cluster_snapshots of one window; None where they were written before it was measured."""
    if rows.is_empty() or rows["structure"].null_count():
        return None
    users = int(rows["size"].sum())
    parted = rows.filter(pl.col("separation").is_not_null())
    mean = float((parted["separation"] * parted["size"]).sum() / users) if parted.height else None
    structure = str(rows["structure"][0])
    return Found(structure, lead + told(structure, rows.height, users, mean))
