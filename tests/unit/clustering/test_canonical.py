import numpy as np
import pytest

from interest_platform.clustering import canonical, cluster
from interest_platform.clustering.rows import distinct_rows
from interest_platform.configuration import ClusteringSettings
from interest_platform.errors import EncoderError


def by_bytes(vectors):
    """The order that all rows compared whole, byte by byte, give."""
    vectors = np.ascontiguousarray(vectors + np.float32(0))
    content = vectors.view(np.dtype((np.void, vectors.shape[1] * 4))).ravel()
    _, first, inverse, counts = np.unique(content, return_index=True, return_inverse=True, return_counts=True)
    return vectors[first], counts, inverse.ravel()


def made(kind, d):
    g = np.random.default_rng(d)
    vectors = g.normal(size=(500, d)).astype(np.float32)
    if kind == "whole numbers":
        return np.round(vectors)
    if kind == "repeated":
        return vectors[g.integers(0, 40, 500)]
    if kind == "begin alike":
        vectors[:, :3] = 0
        vectors[::2] *= -1
    return vectors


KINDS = ["all different", "whole numbers", "repeated", "begin alike"]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [1, 2, 3, 40])
def test_rows_are_in_the_order_of_their_bytes_with_minus_zero_as_zero(kind, d, in_place):
    vectors = made(kind, d)
    distinct, counts, inverse = by_bytes(vectors)
    rows = distinct_rows(vectors, in_place)
    np.testing.assert_array_equal(rows.vectors, distinct)
    assert not np.signbit(rows.vectors[rows.vectors == 0]).any()
    np.testing.assert_array_equal(rows.counts, counts)
    np.testing.assert_array_equal(rows.inverse, inverse)
    assert np.shares_memory(rows.vectors, vectors) == in_place


def test_rows_of_one_hash_that_differ_are_told_apart(monkeypatch):
    vectors = made("repeated", 6)
    monkeypatch.setattr(canonical, "_hashes", lambda vectors: np.zeros(len(vectors), np.uint64))
    rows = distinct_rows(vectors)
    np.testing.assert_array_equal(rows.vectors, by_bytes(vectors)[0])
    np.testing.assert_array_equal(rows.vectors[rows.inverse], vectors)


def test_vectors_clustered_in_their_own_memory_are_put_back_and_give_the_same_clusters():
    vectors = made("repeated", 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = vectors.copy()
    found, wanted = (cluster(vectors, ClusteringSettings(k=5), in_place=told) for told in (True, False))
    np.testing.assert_array_equal(vectors, kept)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    np.testing.assert_array_equal(found.centroids, wanted.centroids)


def test_vectors_are_put_back_where_clustering_fails():
    vectors = np.eye(6, dtype=np.float32)[::-1].copy()
    kept = vectors.copy()

    def stop(done, of):
        raise EncoderError("stopped")

    with pytest.raises(EncoderError, match="stopped"):
        cluster(vectors, ClusteringSettings(k_rule="silhouette", k_range=(2, 3)), stop, in_place=True)
    np.testing.assert_array_equal(vectors, kept)
