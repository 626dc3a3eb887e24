"""Where the last window's clusters are now: the start of this window's clustering."""

import numpy as np
import polars as pl

from interest_platform.domain.unassigned import NO_CLUSTER
from interest_platform.interests.vectors import as_matrix


def warm_start(
    interests: pl.DataFrame, last_clusters: pl.DataFrame, last_members: pl.DataFrame, last_encoder: str | None
) -> np.ndarray | None:
    """Unit vectors, (2 k, d): the last k centroids in order of cluster_id, then the means of their returning members.

    Either alone fails: centroids where segments drift far, members where hardly anyone returns. Of a member with
    several interests the one counts that lies nearest to the centroid: numbers of interests follow their weights, which
    change. Frames are those of user_interests of this window, cluster_snapshots and cluster_members of the last.
    A cluster of whose members none returned has its centroid twice. Vectors of another encoder can't be compared, so
    that after a change of encoder only the members tell, those of the clusters of which some returned, in both halves.
    None where the last window has no cluster.
    """
    if last_clusters.is_empty() or interests.is_empty():
        return None
    last_members = last_members.filter(pl.col("cluster_id") != NO_CLUSTER)
    same = set(interests["encoder"].unique()) == {last_encoder}
    centroids = as_matrix(last_clusters.sort("cluster_id")["centroid"])
    comparable = same and centroids.shape[1] == as_matrix(interests["vector"]).shape[1]
    means = _means(interests, last_members, last_clusters if comparable else None)
    if not comparable:
        return np.stack([*means.values()] * 2).astype(np.float32) if means else None
    numbers = last_clusters["cluster_id"].sort()
    now = [means.get(number, centroid) for number, centroid in zip(numbers, centroids, strict=True)]
    return np.concatenate([centroids, np.stack(now)]).astype(np.float32)


def _means(interests: pl.DataFrame, members: pl.DataFrame, comparable: pl.DataFrame | None) -> dict[int, np.ndarray]:
    """The unit mean of each cluster's returning members, by cluster_id in order."""
    back = _returned(interests, members, comparable).sort("cluster_id", "user_key", "interest_no")
    vectors, clusters = as_matrix(back["vector"]), back["cluster_id"].to_numpy()
    # sorted by content, so that the sum does not depend on the users' random keys
    sums = {int(c): _sum(vectors[clusters == c]) for c in np.unique(clusters)}
    lengths = {c: np.linalg.norm(of) for c, of in sums.items()}
    return {c: of / lengths[c] for c, of in sums.items() if lengths[c] > 0}


def _returned(interests: pl.DataFrame, members: pl.DataFrame, comparable: pl.DataFrame | None) -> pl.DataFrame:
    """The interest now of each member of a cluster of the last window, with its cluster_id.

    `comparable` has cluster_id and centroid of those clusters; without it (another encoder) interests of one number
    are held for the same.
    """
    placed = members.select("user_key", "interest_no", "cluster_id")
    one_each = not (interests["interest_no"] > 0).any() and not (placed["interest_no"] > 0).any()
    if comparable is None or one_each:
        return interests.join(placed, on=["user_key", "interest_no"])
    pairs = interests.join(placed.drop("interest_no").unique(), on="user_key").join(comparable, on="cluster_id")
    near = np.einsum("ij,ij->i", as_matrix(pairs["vector"]), as_matrix(pairs["centroid"]), dtype=np.float64)
    ranked = pairs.with_columns(pl.Series("near", near)).sort("near", "interest_no", descending=[True, False])
    return ranked.unique(["user_key", "cluster_id"], keep="first", maintain_order=True)


def _sum(vectors: np.ndarray) -> np.ndarray:
    return vectors[np.lexsort(vectors.T[::-1])].sum(axis=0, dtype=np.float64)
