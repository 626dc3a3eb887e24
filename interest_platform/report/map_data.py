"""What the map draws: the newest window's users and every segment's centroids, in one plane."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.report.frames import Frames
from interest_platform.report.history import History
from interest_platform.report.projection import Points, Vectors, drawn, fit_plane

MOST_USERS = 1_500


@dataclass(frozen=True)
class MapData:
    """Points (users, 2), their segments, each segment's places by number of window, and how many users there are."""

    users: Points
    segments: list[str]
    paths: Mapping[str, Mapping[int, tuple[float, float]]]
    all_users: int
    left_out: int
    """Windows whose vectors have another length than the newest window's: another encoder's, not comparable."""


def map_data(history: History, frames: Frames) -> MapData | None:
    """The data of the map; None where no centroid is known. No pseudonym gets into it."""
    places = frames.identities.select("window_start", "cluster_id", "segment_id").join(
        frames.snapshots.select("window_start", "cluster_id", "size", "centroid"), on=["window_start", "cluster_id"]
    )
    places = places.sort("window_start", "cluster_id").with_columns(length=pl.col("centroid").list.len())
    if not places.height or not places["length"][-1]:
        return None
    same = places.filter(pl.col("length") == places["length"][-1])
    centroids = _matrix(same["centroid"])
    users, segments, count = _users(history, frames, centroids.shape[1])
    plane = fit_plane(centroids, same["size"].to_list(), users)
    paths: dict[str, dict[int, tuple[float, float]]] = defaultdict(dict)
    number = {start: i for i, start in enumerate(history.windows)}
    points = plane.points(centroids)
    for start, segment, (x, y) in zip(same["window_start"], same["segment_id"], points.tolist(), strict=True):
        paths[segment][number[start]] = (x, y)
    left_out = places["window_start"].n_unique() - same["window_start"].n_unique()
    return MapData(plane.points(users), segments, dict(paths), count, left_out)


def _users(history: History, frames: Frames, dimensions: int) -> tuple[Vectors, list[str], int]:
    """Vectors and segments of the drawn users, each by their strongest interest, and the number of all."""
    newest = frames.identities.filter(pl.col("window_start") == history.windows[-1])
    rows = (
        frames.interests.filter(pl.col("interest_no") == 0)
        .join(frames.members.drop("window_start"), on=["user_key", "interest_no"])
        .join(newest.select("cluster_id", "segment_id"), on="cluster_id")
        .filter((pl.col("vector").list.len() == dimensions) & (pl.col("window_start") == history.windows[-1]))
    )
    if not rows.height:
        return np.zeros((0, dimensions), np.float32), [], 0
    vectors = _matrix(rows["vector"])
    kept = drawn(vectors, MOST_USERS)
    return vectors[kept], rows["segment_id"].gather(kept).to_list(), rows.height


def _matrix(vectors: pl.Series) -> Vectors:
    width = len(vectors[0])
    return vectors.list.to_array(width).to_numpy().reshape(-1, width)
