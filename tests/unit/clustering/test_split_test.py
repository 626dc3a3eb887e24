"""One cluster or two: clouds of any one-peaked shape stay one, two of them are two."""

import numpy as np
import pytest

from interest_platform.clustering.split_test import FEWEST, MOST, split_test


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def cloud(n, d, seed, noise=0.35, tails=None, stretch=0.0, centre=0):
    """Users around an axis: normal or with tails, round or stretched."""
    rng = np.random.default_rng(seed)
    around = rng.standard_t(tails, (n, d)) * np.sqrt((tails - 2) / tails) if tails else rng.standard_normal((n, d))
    axes = np.exp(stretch * np.random.default_rng(1000 + seed).standard_normal(d))
    return unit(np.eye(d)[centre] + 3 * noise / np.sqrt(d) * around * axes / np.sqrt((axes**2).mean()))


def cut_of(vectors, start=None):
    return split_test(vectors, np.ones(len(vectors), np.float32), start)


SHAPES = {"round": {}, "tails": {"tails": 5}, "stretched": {"stretch": 0.6}, "tight": {"noise": 0.05}}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "d"), [(40, 64), (200, 64), (200, 384), (800, 16)])
def test_one_cloud_is_one(shape, n, d):
    p_values = [cut_of(cloud(n, d, seed, **SHAPES[shape])).p_value for seed in range(5)]
    assert min(p_values) > 0.01


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "d"), [(100, 64), (100, 384)])
def test_two_clouds_are_two_and_are_parted(shape, n, d):
    vectors = np.vstack([cloud(n, d, 1, **SHAPES[shape]), cloud(n, d, 2, centre=1, **SHAPES[shape])])
    cut = cut_of(vectors)
    truth = np.arange(2 * n) < n
    assert cut.p_value < 0.01
    assert max((cut.side == truth).mean(), (cut.side != truth).mean()) > 0.97


@pytest.mark.parametrize("few", [15, 30])
def test_a_small_cloud_beside_a_large_one_is_seen(few):
    for seed in range(4):
        vectors = np.vstack([cloud(500, 64, seed), cloud(few, 64, 50 + seed, centre=1)])
        assert cut_of(vectors, np.arange(len(vectors)) < 500).p_value < 0.01


def test_a_cut_to_begin_from_is_no_evidence():
    vectors = cloud(200, 64, 3)
    assert cut_of(vectors, vectors[:, 0] > np.median(vectors[:, 0])).p_value > 0.01


def test_too_few_rows_and_equal_rows_are_one():
    assert cut_of(np.eye(FEWEST - 1, dtype=np.float32)).p_value == 1
    same = np.tile(np.eye(4, dtype=np.float32)[0], (20, 1))
    cut = cut_of(same)
    assert cut.p_value == 1
    assert not cut.side.any()


def test_of_many_rows_a_sample_is_tested_and_all_are_cut():
    n = MOST
    vectors = np.vstack([cloud(n, 16, 1), cloud(n, 16, 2, centre=1)])[np.random.default_rng(0).permutation(2 * n)]
    cut = cut_of(vectors)
    assert cut.p_value < 0.01
    truth = vectors[:, 0] > vectors[:, 1]
    assert max((cut.side == truth).mean(), (cut.side != truth).mean()) > 0.97


def test_false_splits_of_one_cloud_are_rarer_than_the_level_promises():
    assert sum(cut_of(cloud(60, 32, seed)).p_value < 0.05 for seed in range(60)) <= 1
