"""Users encoded by segments (v_u): one-hot, soft membership, and the segments' centroids weighted by it."""

import hashlib

import numpy as np
import polars as pl

from interest_platform.clustering.membership import soft_membership
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError, MixedEncodersError
from interest_platform.interests.vectors import as_lists, as_matrix, weighted_sums
from interest_platform.segments.segmentation import Segmentation

VERSION_DIGITS = 16
"""Hex digits of an encoding version."""


def encoding_version(encoder: str, window: Window, centroids: np.ndarray) -> str:
    """A short hash of encoder fingerprint, window and centroids, (k, d): equal only where encodings are comparable."""
    content = np.ascontiguousarray(centroids, "<f4")
    told = f"{encoder}\x1f{window.start.isoformat()}\x1f{window.end.isoformat()}\x1f{content.shape}\x1f"
    return hashlib.sha256(told.encode() + content.tobytes()).hexdigest()[:VERSION_DIGITS]


def user_segment_features(interests: pl.DataFrame, clusters: pl.DataFrame, now: Segmentation) -> pl.DataFrame:
    """The columns of `user_segment_features` without window_start, a row a user, sorted by user_key.

    Takes frames of user_interests and cluster_snapshots of the window of `now`. Positions of one_hot and soft are the
    window's cluster ids 0..k-1; segments come and go, and would leave holes. soft is the membership of the user's
    interests (docs/clustering.md), each weighing its weight, also where they are in no cluster: one_hot is then 0;
    embedding is the unit sum of centroids weighted by soft, the own centroid where they cancel out. Raises
    `MixedEncodersError` where the interests are of several encoders, `ContractError` where the frames do not fit.
    """
    clusters = clusters.sort("cluster_id")
    ids = clusters["cluster_id"].to_list()
    rows = now.members.join(interests, on=["user_key", "interest_no"]).sort("user_key", "interest_no")
    if ids != list(range(len(ids))) or not interests.height == now.members.height == rows.height:
        raise ContractError(
            f"user_segment_features of {now.window}: {interests.height} interests, {now.members.height} members and "
            f"clusters {ids} are not of one clustering; materialise cluster_snapshots again"
        )
    users = now.users()
    centroids = as_matrix(clusters["centroid"])
    soft = _soft(rows, centroids)
    own = users["cluster_id"].to_numpy()
    one_hot = (own[:, None] == np.arange(len(ids))).astype(np.float32)
    return users.select(
        "user_key",
        "segment_id",
        as_lists(one_hot).alias("one_hot"),
        as_lists(soft).alias("soft"),
        as_lists(_embedding(soft, centroids, own)).alias("embedding"),
        pl.lit(encoding_version(_one_encoder(interests), now.window, centroids)).alias("encoding_version"),
    )


def _one_encoder(interests: pl.DataFrame) -> str:
    encoders = sorted(interests["encoder"].unique())
    if len(encoders) > 1:
        raise MixedEncodersError(
            f"user interests are of encoders {encoders}; their distances mean nothing: restate them"
        )
    return encoders[0] if encoders else ""


def _soft(rows: pl.DataFrame, centroids: np.ndarray) -> np.ndarray:
    """Membership of each user, (users, k): that of the interests, weighted; rows are sorted by user."""
    from scipy.sparse import csr_array

    if rows.is_empty():
        return np.zeros((0, len(centroids)), np.float32)
    number = rows["user_key"].rle_id().to_numpy()
    starts = np.concatenate([[0], np.cumsum(np.bincount(number))])
    membership = _membership(rows, centroids)
    weights = csr_array(
        (rows["weight"].to_numpy(), np.arange(len(number)), starts), shape=(len(starts) - 1, len(number))
    )
    return weighted_sums(weights, membership).astype(np.float32)


def _membership(rows: pl.DataFrame, centroids: np.ndarray) -> np.ndarray:
    """Of each interest, (interests, k): what the clustering method told of it, else what follows from the centroids."""
    if "memberships" in rows.columns and rows["memberships"].null_count() == 0:
        return as_matrix(rows["memberships"])
    return soft_membership(as_matrix(rows["vector"]), centroids, rows["cluster_id"].to_numpy())


def _embedding(soft: np.ndarray, centroids: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Unit length rows of soft @ centroids, (users, d)."""
    if not len(soft):
        return np.zeros((0, 0), np.float32)
    mixed = soft.astype(np.float64) @ centroids
    length = np.linalg.norm(mixed, axis=1, keepdims=True)
    mixed = np.where(length > 1e-6, mixed, centroids[np.where(own >= 0, own, soft.argmax(axis=1))])
    return (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
