"""How far the users of a window fall into groups, from its rows of cluster_snapshots."""

from dataclasses import dataclass

import polars as pl

from interest_platform.clustering.separation import mean_separation, told

COLUMNS = ["size", "separation", "structure"]
"""What is read of them."""


@dataclass(frozen=True)
class Found:
    """The structure of a window's clusters, and a sentence about it."""

    structure: str
    told: str


def structure_in(rows: pl.DataFrame) -> Found | None:
    """The structure of a window; None where it has no users, or was clustered before structure was measured."""
    if rows.is_empty() or rows["structure"].null_count():
        return None
    sizes, structure = rows["size"].to_numpy(), str(rows["structure"][0])
    separation = None if rows["separation"].null_count() else rows["separation"].to_numpy()
    return Found(structure, told(structure, rows.height, int(sizes.sum()), mean_separation(separation, sizes)))
