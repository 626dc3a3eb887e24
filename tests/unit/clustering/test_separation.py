"""How far apart clusters are, on numbers worked by hand."""

import numpy as np
import pytest

from interest_platform.clustering.separation import separations, structure_of, told


def test_separation_is_the_distance_of_the_means_in_standard_deviations():
    # many members, so that leaving one out moves no line: places 1 and .6 on one side, -1 and -.6 on the other
    vectors = np.array([[1, 0], [0.8, 0.2], [0, 1], [0.2, 0.8]] * 500, np.float32)
    labels = np.array([0, 0, 1, 1] * 500)
    centroids = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    # means .8 and -.8 over root 2, deviations .2 and .2 over root 2
    assert separations(vectors, centroids, labels) == pytest.approx([8, 8], abs=0.02)


def test_a_dozen_users_of_one_cloud_in_many_dimensions_are_not_apart():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(12, 384))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    labels = np.arange(12) % 2
    centroids = np.stack([vectors[labels == c].mean(axis=0) for c in range(2)])
    found = separations(vectors, centroids, labels)
    assert found is not None and found.max() < 2  # with the members' own parts in the lines it would be 17


def test_one_cluster_has_no_separation_and_no_structure():
    assert separations(np.eye(2, dtype=np.float32), np.ones((1, 2), np.float32), np.zeros(2, int)) is None
    assert structure_of(None, np.array([2])) == "none"


def test_one_cloud_cut_in_two_is_no_clear_structure():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2_000, 5)).astype(np.float32)
    labels = (vectors[:, 0] > 0).astype(int)
    centroids = np.stack([vectors[labels == c].mean(axis=0) for c in range(2)])
    found = separations(vectors, centroids, labels)
    assert found is not None
    assert found == pytest.approx([2.65, 2.65], abs=0.15)  # 1.6 apart, .6 wide each
    assert structure_of(found, np.array([1_000, 1_000])) == "weak"


def test_the_sentence_says_what_to_try_where_there_is_one_segment():
    assert told("none", 1, 315, None).startswith("the texts of these users don't fall into groups: one segment holds")
    assert "4 segments that overlap (separation 2.9" in told("weak", 4, 200, 2.9)
    assert "with gaps between them" in told("clear", 4, 200, 9.0)
