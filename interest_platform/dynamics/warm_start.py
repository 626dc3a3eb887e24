"""Where the last window's clusters are now: the start of this window's clustering."""

import numpy as np
import polars as pl

from interest_platform.interests.vectors import as_matrix


def warm_start(
    interests: pl.DataFrame, last_clusters: pl.DataFrame, last_members: pl.DataFrame, last_encoder: str | None
) -> np.ndarray | None:
    """Unit vectors, (s, d): the last centroids in order of cluster_id, then the means of their returning members.

    Either alone fails: centroids where segments drift far, members where hardly anyone returns. Frames are those of
    user_interests of this window, cluster_snapshots and cluster_members of the last. Vectors of another encoder can't
    be compared, so that after a change of encoder only the members tell. None where the last window has no cluster.
    """
    if last_clusters.is_empty() or interests.is_empty():
        return None
    same = set(interests["encoder"].unique()) == {last_encoder}
    centroids = as_matrix(last_clusters.sort("cluster_id")["centroid"])
    means = _means(interests, last_members)
    starts = [*([centroids] if same and centroids.shape[1] == means.shape[1] else []), means]
    found = np.concatenate(starts).astype(np.float32)
    return found if len(found) else None


def _means(interests: pl.DataFrame, members: pl.DataFrame) -> np.ndarray:
    back = interests.join(members.select("user_key", "interest_no", "cluster_id"), on=["user_key", "interest_no"])
    back = back.sort("cluster_id", "user_key", "interest_no")
    vectors, clusters = as_matrix(back["vector"]), back["cluster_id"].to_numpy()
    if not len(vectors):
        return np.zeros((0, as_matrix(interests["vector"]).shape[1]), np.float32)
    # sorted by content, so that the sum does not depend on the users' random keys
    sums = np.stack([_sum(vectors[clusters == c]) for c in np.unique(clusters)])
    lengths = np.linalg.norm(sums, axis=1)
    return (sums[lengths > 0] / lengths[lengths > 0, None]).astype(np.float32)


def _sum(vectors: np.ndarray) -> np.ndarray:
    return vectors[np.lexsort(vectors.T[::-1])].sum(axis=0, dtype=np.float64)
