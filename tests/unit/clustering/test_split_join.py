"""k by splitting and joining: from nothing, from the last window, and within the range that is allowed."""

import numpy as np
import pytest

from interest_platform.clustering import cluster
from interest_platform.clustering.split_join import TELLING
from interest_platform.configuration import ClusteringSettings


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def planted(k, n=600, d=64, seed=0, noise=0.25):
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((k, d)))
    truth = np.arange(n) % k
    return unit(centres[truth] + 3 * noise / np.sqrt(d) * rng.standard_normal((n, d))), centres, truth


def blocks(labels):
    return {frozenset(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)}


@pytest.mark.parametrize("k", [1, 2, 6, 15, 25])
def test_k_is_found_from_nothing(k):
    vectors, _, truth = planted(k)
    found = cluster(vectors, ClusteringSettings())
    assert found.k_method == "split_or_knee: split"
    assert blocks(found.labels) == blocks(truth)


@pytest.mark.parametrize("drop", [0, 2])
def test_k_is_found_from_too_few_and_too_many_starts(drop):
    vectors, centres, truth = planted(6)
    more = np.vstack([centres[drop:], unit(np.random.default_rng(1).standard_normal((4, 64)))])
    for start in (centres[drop:], more, np.vstack([centres, centres])):
        assert blocks(cluster(vectors, ClusteringSettings(), start=start).labels) == blocks(truth)


def test_a_start_among_rows_in_another_order_gives_the_same():
    vectors, centres, _ = planted(6, noise=0.5)
    order = np.random.default_rng(2).permutation(len(vectors))
    one = cluster(vectors, ClusteringSettings(), start=centres)
    other = cluster(vectors[order], ClusteringSettings(), start=centres)
    np.testing.assert_array_equal(one.labels[order], other.labels)
    np.testing.assert_array_equal(one.centroids, other.centroids)


@pytest.mark.parametrize(("k_range", "expected"), [((2, 4), 4), ((9, 12), 9), ((6, 6), 6), ((1, 40), 6)])
def test_k_keeps_within_its_range(k_range, expected):
    vectors, centres, _ = planted(6)
    for start in (None, centres):
        assert cluster(vectors, ClusteringSettings(k_range=k_range), start=start).k == expected


def test_one_cloud_is_one_segment_unless_two_are_asked_for():
    vectors, _, _ = planted(1, n=300)
    assert cluster(vectors, ClusteringSettings()).k == 1
    assert cluster(vectors, ClusteringSettings(k_range=(2, 40))).k == 2


def test_of_too_few_users_to_tell_two_are_made():
    vectors, _, _ = planted(1, n=TELLING - 1)
    assert cluster(vectors, ClusteringSettings()).k == 2


def test_a_newborn_group_is_found_beside_the_last_windows_clusters():
    vectors, centres, truth = planted(7, n=700)
    kept = np.flatnonzero((truth != 6) | (np.arange(700) < 150))  # of the seventh some twenty
    found = cluster(vectors[kept], ClusteringSettings(), start=centres[:6])
    assert blocks(found.labels) == blocks(truth[kept])


def test_progress_is_told():
    told = []
    cluster(planted(3)[0], ClusteringSettings(), lambda done, total: told.append((done, total)))
    assert told[0][0] == 1
    assert all(done <= total for done, total in told)
