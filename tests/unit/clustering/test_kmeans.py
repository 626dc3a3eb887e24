import numpy as np
import pytest

from interest_platform.clustering import cluster
from interest_platform.clustering.kmeans import spherical_steps
from interest_platform.clustering.rows import distinct_rows
from interest_platform.configuration import ClusteringSettings


def sphere(n, d, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def on_circle(*degrees):
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize("k", [2, 7, 25])
def test_every_label_is_the_argmax_of_cosine_to_the_centroids(k):
    for seed in range(4):
        vectors = sphere(300, 16, seed)
        found = cluster(vectors, ClusteringSettings(k=k))
        np.testing.assert_array_equal(np.argmax(vectors @ found.centroids.T, axis=1), found.labels)


def test_six_directions_by_hand_fall_into_three_pairs():
    found = cluster(on_circle(0, 10, 120, 130, 240, 250), ClusteringSettings(k=3))
    assert found.labels[::2].tolist() == found.labels[1::2].tolist()
    assert sorted(found.labels[::2].tolist()) == [0, 1, 2]
    # two directions 10 degrees apart are each 5 degrees from their mean
    np.testing.assert_allclose(found.distances, 1 - np.cos(np.deg2rad(5)), atol=1e-6)


def test_clusters_are_numbered_by_size_and_ties_by_centroid():
    found = cluster(on_circle(0, 0, 0, 90, 180), ClusteringSettings(k=3))
    assert found.sizes.tolist() == [3, 1, 1]
    assert found.labels.tolist() == [0, 0, 0, 2, 1]  # (-1, 0) sorts before (0, 1)


def test_a_cluster_that_is_lost_is_given_the_farthest_row():
    rows = distinct_rows(on_circle(0, 2, 4, 90, 170))
    labels = spherical_steps(rows, np.zeros(5, int), 3)
    assert sorted(np.bincount(labels).tolist()) == [1, 1, 3]


def test_steps_end_even_where_every_row_ties():
    rows = distinct_rows(np.concatenate([np.eye(6), -np.eye(6)]).astype(np.float32))
    labels = spherical_steps(rows, np.arange(12) % 4, 4)
    assert np.unique(labels).tolist() == [0, 1, 2, 3]


def test_many_rows_of_one_vector_pull_the_centroid_as_many():
    found = cluster(on_circle(0, 0, 0, 90), ClusteringSettings(k=1))
    np.testing.assert_allclose(found.centroids[0], [3 / 10**0.5, 1 / 10**0.5], atol=1e-6)


def test_a_sample_draws_users_rows_and_never_more_of_a_vector_than_there_are():
    rows = distinct_rows(on_circle(*([0] * 50 + [90] * 30 + [180] * 20)))
    drawn = rows.sample(40, seed=1)
    assert drawn.total == drawn.counts.sum() == 40
    assert len(drawn) == 3
    assert (drawn.counts <= rows.counts).all()
    np.testing.assert_array_equal(drawn.counts, rows.sample(40, seed=1).counts)
    assert rows.sample(100, seed=1) is rows


def test_minus_zero_and_zero_are_one_vector():
    assert len(distinct_rows(np.array([[1.0, 0.0], [1.0, -0.0]], np.float32))) == 1


def test_a_thousand_equal_users_weigh_a_thousand_in_the_starts_too():
    # parting the two crowds costs 2.8 in cosine distance, parting the two stragglers from them 8.2
    found = cluster(on_circle(*[0] * 1000, *[10] * 1000, 90, 180), ClusteringSettings(k=2))
    assert found.labels[0] != found.labels[1000]
    assert found.distances.sum() < 3
