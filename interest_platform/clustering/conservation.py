"""What must hold between the frames of a window's clustering: the same predicates for tests and for asset checks."""

import math

import polars as pl

from interest_platform.domain.unassigned import NO_CLUSTER

_MEMBER = ["user_key", "interest_no"]


def members_are_the_interests(members: pl.DataFrame, interests: pl.DataFrame) -> bool:
    """Whether the members are the window's user interests, each exactly once."""
    return members.select(_MEMBER).sort(_MEMBER).equals(interests.select(_MEMBER).sort(_MEMBER))


def sizes_are_the_members(clusters: pl.DataFrame, members: pl.DataFrame) -> bool:
    """Whether every cluster has as many members as its size says, and every member a cluster or none (-1)."""
    counted = (
        members.filter(pl.col("cluster_id") != NO_CLUSTER)
        .group_by("cluster_id")
        .agg(pl.len().cast(pl.Int64).alias("size"))
        .sort("cluster_id")
    )
    return counted.equals(clusters.select("cluster_id", pl.col("size").cast(pl.Int64)).sort("cluster_id"))


def unassigned_share(members: pl.DataFrame) -> float:
    """Share of the members that are in no cluster, 0 to 1; 0 where there is no member."""
    return members.filter(pl.col("cluster_id") == NO_CLUSTER).height / max(members.height, 1)


def shares_sum_to_one(clusters: pl.DataFrame, members: pl.DataFrame) -> bool:
    """Whether the clusters' shares and that of the unassigned sum to 1 (within 1e-9), or there is no member."""
    total = float(clusters["share"].sum()) + unassigned_share(members)
    return members.is_empty() or math.isclose(total, 1.0, abs_tol=1e-9)


def broken_cluster_laws(interests: pl.DataFrame, clusters: pl.DataFrame, members: pl.DataFrame) -> list[str]:
    """What does not hold, one line each; empty where all does. Frames are those of the tables of one window."""
    laws = {
        f"members ({members.height}) are not the user interests ({interests.height}), each once": (
            members_are_the_interests(members, interests)
        ),
        f"cluster sizes (sum {clusters['size'].sum()}) and the unassigned are not the members ({members.height})": (
            sizes_are_the_members(clusters, members)
        ),
        f"shares sum to {clusters['share'].sum()}, with the unassigned not to 1": shares_sum_to_one(clusters, members),
    }
    return [law for law, holds in laws.items() if not holds]
