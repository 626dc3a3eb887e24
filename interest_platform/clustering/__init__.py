"""Which users belong together in a window: clusterers, choosing k, quality, what a cluster is about.

Pure: no Dagster, MLflow or DuckDB. The formulas and their sources are in docs/clustering.md.
"""

from interest_platform.clustering.cluster import CLUSTERERS, cluster
from interest_platform.clustering.conservation import (
    broken_cluster_laws,
    members_are_the_interests,
    shares_sum_to_one,
    sizes_are_the_members,
    unassigned_share,
)
from interest_platform.clustering.frames import curve_frame, tree_frame
from interest_platform.clustering.membership import concentration, soft_membership
from interest_platform.clustering.result import Clusterer, Clustering, CurvePoint, Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.silhouette import cosine_silhouette
from interest_platform.clustering.snapshot import Snapshot, snapshot

__all__ = [
    "CLUSTERERS",
    "Clusterer",
    "Clustering",
    "CurvePoint",
    "Partition",
    "Progress",
    "Rows",
    "Snapshot",
    "broken_cluster_laws",
    "cluster",
    "concentration",
    "cosine_silhouette",
    "curve_frame",
    "members_are_the_interests",
    "shares_sum_to_one",
    "sizes_are_the_members",
    "snapshot",
    "soft_membership",
    "tree_frame",
    "unassigned_share",
]
