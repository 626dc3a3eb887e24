import numpy as np
import pytest

from interest_platform.clustering import cluster, lloyd
from interest_platform.clustering.kmeans import kmeans_labels
from interest_platform.clustering.lloyd import settle
from interest_platform.clustering.rows import Rows, distinct_rows
from interest_platform.configuration import ClusteringSettings
from interest_platform.numerics import blocks


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def cloud(n, d, seed, clusters=0, noise=1.0):
    """Unit vectors, around as many random directions where clusters are asked for."""
    g = np.random.default_rng(seed)
    vectors = g.normal(size=(n, d)) * noise / np.sqrt(d)
    return unit(vectors + unit(g.normal(size=(clusters, d)))[g.integers(0, clusters, n)] if clusters else vectors)


def plain(rows, start, steps):
    """Every row against every centroid in every step: what the bounds must not change."""
    labels = np.zeros(len(rows), int)
    for _ in range(steps):
        cosines = rows.vectors @ start.T
        own = cosines[np.arange(len(rows)), labels]
        now = np.where(cosines.max(axis=1) > own, cosines.argmax(axis=1), labels)
        if (now == labels).all():
            break
        labels = now
        start = rows.directions(labels)
    return labels


@pytest.mark.parametrize("steps", [1, 2, 5, 60])
@pytest.mark.parametrize("clusters", [0, 9])
def test_rows_passed_over_by_their_bounds_are_where_a_look_at_all_puts_them(monkeypatch, steps, clusters):
    monkeypatch.setattr(blocks, "BLOCK", 64)
    for seed in range(3):
        rows = distinct_rows(cloud(1_000, 16, seed, clusters))
        start = rows.vectors[::110][:9]
        np.testing.assert_array_equal(settle(rows, start=start, steps=steps), plain(rows, start, steps))


def test_most_rows_of_separated_clusters_are_not_looked_at_again(monkeypatch):
    looked = []
    monkeypatch.setattr(lloyd, "taken", lambda vectors, at: looked.append(len(vectors[at])) or vectors[at])
    rows = distinct_rows(cloud(2_000, 32, 0, clusters=8, noise=0.6))
    settle(rows, start=rows.vectors[:24])
    assert looked[0] == 2_000
    assert looked[-1] < 1_000


def test_a_centroid_that_no_row_is_nearest_to_is_left_out():
    rows = distinct_rows(np.eye(3, dtype=np.float32))
    start = np.concatenate([-np.eye(3), np.eye(3)]).astype(np.float32)
    assert sorted(settle(rows, start=start).tolist()) == [0, 1, 2]


@pytest.mark.parametrize("method", ["kmeans", "minibatch-kmeans"])
def test_any_number_of_cores_gives_the_same_bits(monkeypatch, method):
    vectors = cloud(3_000, 24, 4, clusters=12, noise=2)
    monkeypatch.setattr(blocks, "BLOCK", 256)
    monkeypatch.setattr("interest_platform.clustering.kmeans.SAMPLE", 500)
    monkeypatch.setattr("interest_platform.clustering.kmeans.SAMPLE_EACH", 1)
    found = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(blocks, "_cores", lambda cores=cores: cores)
        found.append(cluster(vectors, ClusteringSettings(method=method, k=12)))
    for other in found[1:]:
        np.testing.assert_array_equal(other.labels, found[0].labels)
        np.testing.assert_array_equal(other.centroids, found[0].centroids)
        np.testing.assert_array_equal(other.membership, found[0].membership)
        assert other.silhouette == found[0].silhouette


def test_starts_on_a_sample_end_where_starts_on_all_rows_do(monkeypatch):
    rows = distinct_rows(cloud(4_000, 32, 5, clusters=6, noise=0.6))
    whole = kmeans_labels(rows, 6, 0, 5)
    monkeypatch.setattr("interest_platform.clustering.kmeans.SAMPLE", 300)
    monkeypatch.setattr("interest_platform.clustering.kmeans.SAMPLE_EACH", 1)
    part = kmeans_labels(rows, 6, 0, 5)
    assert len(set(zip(whole.tolist(), part.tolist(), strict=True))) == 6


def test_sums_after_moves_are_the_sums_of_the_new_labels(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 7)
    g = np.random.default_rng(0)
    rows = Rows(cloud(50, 4, 1), g.integers(1, 4, 50), np.arange(50))
    old, new = g.integers(0, 5, 50), g.integers(0, 5, 50)
    moved = np.flatnonzero(old != new)
    wanted = np.zeros((5, 4))
    np.add.at(wanted, new, rows.counts[:, None] * rows.vectors.astype(float))
    np.testing.assert_allclose(rows.sums(new), wanted, atol=1e-12)
    np.testing.assert_allclose(rows.sums(old) + rows.shift(moved, old[moved], new[moved], 5), wanted, atol=1e-12)
