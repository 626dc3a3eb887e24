"""Where the last window's clusters are now: the start of this window's clustering."""

import numpy as np
import polars as pl

from interest_platform.clustering.canonical import canonical_order
from interest_platform.domain.unassigned import NO_CLUSTER
from interest_platform.interests.vectors import as_matrix
from interest_platform.numerics.blocks import BLOCK


def warm_start(
    interests: pl.DataFrame,
    last_clusters: pl.DataFrame,
    last_members: pl.DataFrame,
    last_encoder: str | None,
    vectors: np.ndarray | None = None,
) -> np.ndarray | None:
    """Unit vectors, (2 k, d): the last k centroids in order of cluster_id, then the means of their returning members.

    Either alone fails: centroids where segments drift far, members where hardly anyone returns. Of a member with
    several interests the one counts that lies nearest to the centroid: numbers of interests follow their weights, which
    change. Frames are those of user_interests of this window, cluster_snapshots and cluster_members of the last.
    A cluster of whose members none returned has its centroid twice. Vectors of another encoder can't be compared, so
    that after a change of encoder only the members tell, those of the clusters of which some returned, in both halves.
    None where the last window has no cluster. `vectors`, (n, d), are those of the interests' rows where the frame holds
    none.
    """
    if last_clusters.is_empty() or interests.is_empty():
        return None
    last_members = last_members.filter(pl.col("cluster_id") != NO_CLUSTER)
    same = set(interests["encoder"].unique()) == {last_encoder}
    centroids = as_matrix(last_clusters.sort("cluster_id")["centroid"])
    if vectors is None:
        vectors = as_matrix(interests["vector"])
    comparable = same and centroids.shape[1] == vectors.shape[1]
    keys = interests.select("user_key", "interest_no").with_row_index("row")
    means = _means(keys, vectors, last_members, last_clusters if comparable else None)
    if not comparable:
        return np.stack([*means.values()] * 2).astype(np.float32) if means else None
    numbers = last_clusters["cluster_id"].sort()
    now = [means.get(number, centroid) for number, centroid in zip(numbers, centroids, strict=True)]
    return np.concatenate([centroids, np.stack(now)]).astype(np.float32)


def _means(
    interests: pl.DataFrame, vectors: np.ndarray, members: pl.DataFrame, comparable: pl.DataFrame | None
) -> dict[int, np.ndarray]:
    """The unit mean of each cluster's returning members, by cluster_id in order."""
    back = _returned(interests, vectors, members, comparable).sort("cluster_id", "user_key", "interest_no")
    # cluster by cluster, so that no copy of all vectors is made
    rows = {of["cluster_id"][0]: of["row"].to_numpy() for _, of in back.group_by("cluster_id", maintain_order=True)}
    sums = {cluster: _sum(vectors[of]) for cluster, of in rows.items()}
    lengths = {cluster: np.linalg.norm(of) for cluster, of in sums.items()}
    return {cluster: of / lengths[cluster] for cluster, of in sums.items() if lengths[cluster] > 0}


def _returned(
    interests: pl.DataFrame, vectors: np.ndarray, members: pl.DataFrame, comparable: pl.DataFrame | None
) -> pl.DataFrame:
    """The interest now, by the number of its row, of each member of a cluster of the last window, with its cluster_id.

    `comparable` has cluster_id and centroid of those clusters; without it (another encoder) interests of one number
    are held for the same.
    """
    placed = members.select("user_key", "interest_no", "cluster_id")
    one_each = not (interests["interest_no"] > 0).any() and not (placed["interest_no"] > 0).any()
    if comparable is None or one_each:
        return interests.join(placed, on=["user_key", "interest_no"])
    clusters = comparable.select("cluster_id", "centroid").with_row_index("of")
    pairs = interests.join(placed.drop("interest_no").unique(), on="user_key").join(
        clusters.drop("centroid"), on="cluster_id"
    )
    near = _cosines(vectors, pairs["row"].to_numpy(), as_matrix(clusters["centroid"]), pairs["of"].to_numpy())
    ranked = pairs.with_columns(pl.Series("near", near)).sort("near", "interest_no", descending=[True, False])
    return ranked.unique(["user_key", "cluster_id"], keep="first", maintain_order=True)


def _cosines(vectors: np.ndarray, rows: np.ndarray, centroids: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Of each pair of a row and a centroid, (p,) float64."""
    found = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        at = slice(start, start + BLOCK)
        found[at] = np.einsum("ij,ij->i", vectors[rows[at]], centroids[of[at]], dtype=np.float64)
    return found


def _sum(vectors: np.ndarray) -> np.ndarray:
    """The sum, in an order of the vectors' own, so that it does not depend on the users' random keys."""
    order = np.argsort(canonical_order(vectors)[1], kind="stable")
    return vectors[order].sum(axis=0, dtype=np.float64)
