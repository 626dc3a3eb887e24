"""What must hold between the frames of a window's clustering: the same predicates for tests and for asset checks."""

import math

import polars as pl

_MEMBER = ["user_key", "interest_no"]


def members_are_the_interests(members: pl.DataFrame, interests: pl.DataFrame) -> bool:
    """Whether the members are the window's user interests, each exactly once."""
    return members.select(_MEMBER).sort(_MEMBER).equals(interests.select(_MEMBER).sort(_MEMBER))


def sizes_are_the_members(clusters: pl.DataFrame, members: pl.DataFrame) -> bool:
    """Whether every cluster has as many members as its size says, and every member a cluster."""
    counted = members.group_by("cluster_id").agg(pl.len().cast(pl.Int64).alias("size")).sort("cluster_id")
    return counted.equals(clusters.select("cluster_id", pl.col("size").cast(pl.Int64)).sort("cluster_id"))


def shares_sum_to_one(clusters: pl.DataFrame) -> bool:
    """Whether the clusters' shares sum to 1 (within 1e-9), or there is no cluster."""
    return clusters.is_empty() or math.isclose(clusters["share"].sum(), 1.0, abs_tol=1e-9)


def broken_cluster_laws(interests: pl.DataFrame, clusters: pl.DataFrame, members: pl.DataFrame) -> list[str]:
    """What does not hold, one line each; empty where all does. Frames are those of the tables of one window."""
    laws = {
        f"members ({members.height}) are not the user interests ({interests.height}), each once": (
            members_are_the_interests(members, interests)
        ),
        f"cluster sizes (sum {clusters['size'].sum()}) are not the members' counts ({members.height})": (
            sizes_are_the_members(clusters, members)
        ),
        f"shares sum to {clusters['share'].sum()}, not 1": shares_sum_to_one(clusters),
    }
    return [law for law, holds in laws.items() if not holds]
