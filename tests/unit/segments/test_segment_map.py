from datetime import datetime

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import cluster
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.interests import as_lists
from interest_platform.segments.segment_map import SegmentMap

WEEK = Window(datetime(2024, 1, 1), datetime(2024, 1, 8))


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def map_of(centroids, sizes, cohesions):
    clusters = pl.DataFrame(
        {
            "cluster_id": list(range(len(sizes))),
            "size": list(sizes),
            "cohesion": list(cohesions),
            "centroid": as_lists(unit(centroids)),
        }
    )
    identities = pl.DataFrame(
        {
            "cluster_id": clusters["cluster_id"],
            "segment_id": [f"s{n + 1:04d}" for n in range(len(sizes))],
            "name": [f"name {n}" for n in range(len(sizes))],
        }
    )
    # what the lake gives may be in any order
    return SegmentMap.of(WEEK, "encoder", clusters.reverse(), identities)


def test_members_are_placed_as_their_clustering_placed_them():
    g = np.random.default_rng(0)
    vectors = unit(np.eye(12)[g.integers(0, 3, 90)] + 0.2 * g.normal(size=(90, 12)))
    found = cluster(vectors, ClusteringSettings(k=3))
    own = np.einsum("ij,ij->i", vectors, found.centroids[found.labels].astype(float))
    cohesions = [own[found.labels == c].mean() for c in range(3)]
    placed = map_of(found.centroids, found.sizes, cohesions).place(vectors)
    assert (placed.best == found.labels).all()
    np.testing.assert_allclose(placed.membership, found.membership, atol=1e-4)
    np.testing.assert_allclose(placed.cosine, own, atol=1e-6)


def test_a_vector_between_two_segments_is_in_both_by_their_shares():
    placed = map_of([[1, 0], [0, 1]], [3, 1], [0.9, 0.9]).place(unit([[1, 1]]))
    np.testing.assert_allclose(placed.membership, [[0.75, 0.25]], atol=1e-6)
    assert placed.best.tolist() == [0]


def test_vectors_of_another_encoder_are_refused():
    with pytest.raises(ContractError, match="encode them with encoder"):
        map_of([[1, 0], [0, 1]], [1, 1], [1, 1]).place(unit([[1, 0, 0]]))


def test_identities_of_another_clustering_are_refused():
    clusters = pl.DataFrame({"cluster_id": [0], "size": [1], "cohesion": [1.0], "centroid": as_lists(unit([[1, 0]]))})
    identities = pl.DataFrame({"cluster_id": [0, 1], "segment_id": ["s0001", "s0002"], "name": ["a", "b"]})
    with pytest.raises(ContractError, match="another clustering"):
        SegmentMap.of(WEEK, "encoder", clusters, identities)


def test_a_window_without_clusters_has_no_map():
    clusters = pl.DataFrame(
        schema={"cluster_id": pl.Int32, "size": pl.Int32, "cohesion": pl.Float64, "centroid": pl.List(pl.Float32)}
    )
    identities = pl.DataFrame(schema={"cluster_id": pl.Int32, "segment_id": pl.String, "name": pl.String})
    assert SegmentMap.of(WEEK, "", clusters, identities) is None
