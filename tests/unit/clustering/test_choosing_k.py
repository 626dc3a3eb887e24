import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from interest_platform.clustering import cluster, cosine_silhouette
from interest_platform.clustering.rows import distinct_rows
from interest_platform.configuration import ClusteringSettings
from interest_platform.numerics import blocks


def sphere(n, d, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def scored(vectors, labels):
    """Our silhouette of labels that are equal for equal vectors."""
    rows = distinct_rows(vectors)
    distinct = np.empty(len(rows), int)
    distinct[rows.inverse] = labels
    return cosine_silhouette(rows, distinct)


@pytest.mark.parametrize(("n", "k", "d"), [(50, 2, 3), (200, 7, 16), (200, 60, 384)])
def test_the_silhouette_is_scikit_learns(n, k, d):
    for seed in range(3):
        vectors = sphere(n, d, seed)
        labels = np.concatenate([np.arange(k), np.random.default_rng(seed).integers(k, size=n - k)])
        assert scored(vectors, labels) == pytest.approx(silhouette_score(vectors, labels, metric="cosine"), abs=1e-6)


def test_the_silhouette_of_repeated_vectors_is_scikit_learns():
    vectors = np.repeat(sphere(40, 8, 0), np.arange(40) % 4 + 1, axis=0)
    labels = np.repeat(np.arange(40) % 5, np.arange(40) % 4 + 1)
    assert scored(vectors, labels) == pytest.approx(silhouette_score(vectors, labels, metric="cosine"), abs=1e-6)


def test_the_silhouette_by_hand():
    # two equal rows at (1, 0) and one at (0, 1): a = 0, b = 1 for the pair: 1 each; the single row scores 0
    assert scored(np.array([[1, 0], [1, 0], [0, 1]], np.float32), np.array([0, 0, 1])) == pytest.approx(2 / 3, abs=1e-9)


def test_the_silhouette_in_blocks_is_the_silhouette(monkeypatch):
    vectors, labels = sphere(100, 8, 1), np.arange(100) % 4
    whole = scored(vectors, labels)
    monkeypatch.setattr(blocks, "BLOCK", 7)
    assert scored(vectors, labels) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_one_cluster_and_only_single_rows_have_no_silhouette(labels):
    assert scored(np.eye(3, dtype=np.float32), np.array(labels)) is None


def test_the_curve_has_every_k_of_the_range_and_the_best_is_chosen():
    found = cluster(sphere(150, 8, 2), ClusteringSettings(k_rule="silhouette", k_range=(3, 9)))
    assert [p.k for p in found.curve] == list(range(3, 10))
    assert found.k == max(found.curve, key=lambda p: p.silhouette).k
    assert (found.k_method, found.k_asked) == ("silhouette", None)
    assert all(p.seconds > 0 for p in found.curve)
    assert found.curve[0].inertia > found.curve[-1].inertia


def test_inertia_is_the_sum_of_cosine_distances():
    vectors = sphere(80, 6, 3)
    found = cluster(vectors, ClusteringSettings(k_rule="silhouette", k_range=(2, 2), n_init=3))
    # three starts on the curve and three in the end: the same clustering
    assert found.curve[0].inertia == pytest.approx(found.distances.sum(), rel=1e-6)
    assert found.curve[0].silhouette == pytest.approx(found.silhouette, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "k_range", "tried"), [(5, (2, 40), [2, 3, 4]), (4, (6, 9), [3]), (3, (2, 3), [2]), (2, (2, 9), [])]
)
def test_the_range_is_lowered_to_what_can_be_scored(n, k_range, tried):
    found = cluster(np.eye(n, dtype=np.float32), ClusteringSettings(k_rule="silhouette", k_range=k_range))
    assert [p.k for p in found.curve] == tried
    assert found.k in (tried or [1])


def test_the_range_is_lowered_to_the_distinct_vectors():
    found = cluster(np.eye(3, dtype=np.float32)[[0, 1, 2] * 10], ClusteringSettings(k_rule="silhouette"))
    assert [p.k for p in found.curve] == [2, 3]
    assert (found.k, found.silhouette) == (3, 1.0)


def test_the_curve_is_computed_on_at_most_sample_users():
    vectors = sphere(400, 8, 4)
    small = cluster(vectors, ClusteringSettings(k_rule="silhouette", k_range=(3, 3), sample=100, n_init=3))
    whole = cluster(vectors, ClusteringSettings(k_rule="silhouette", k_range=(3, 3), n_init=3))
    assert small.curve[0].inertia < whole.curve[0].inertia / 3
    assert len(small.labels) == 400


def test_progress_is_told_after_every_k():
    told = []
    cluster(
        sphere(60, 8, 5),
        ClusteringSettings(k_rule="silhouette", k_range=(4, 7)),
        lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
