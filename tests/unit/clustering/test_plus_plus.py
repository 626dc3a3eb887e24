"""k-means++ on the sphere: rows far apart, none twice, drawn by distance and by how often they occur."""

import numpy as np
import pytest
from sklearn.cluster import kmeans_plusplus

from interest_platform.clustering.gap import plain_rows
from interest_platform.clustering.plus_plus import plus_plus
from interest_platform.clustering.rows import distinct_rows

AXES = np.eye(4, dtype=np.float32)


def left(vectors, start):
    """Sum of the cosine distances of all rows to the nearest of those chosen."""
    return float((1 - vectors @ start.T).clip(0).min(axis=1).sum())


def test_as_many_as_there_are_distinct_rows_are_all_of_them():
    start = plus_plus(distinct_rows(AXES), 4, np.random.default_rng(0))
    assert sorted(map(tuple, start)) == sorted(map(tuple, AXES))


def test_where_no_row_is_away_from_those_chosen_there_are_fewer():
    assert len(plus_plus(distinct_rows(np.repeat(AXES[:2], 5, axis=0)), 4, np.random.default_rng(0))) == 2


@pytest.mark.parametrize("seed", range(5))
def test_one_of_each_group_is_chosen(seed):
    noise = np.random.default_rng(seed).normal(size=(80, 4)) * 1e-3
    rows = plain_rows(np.repeat(AXES, 20, axis=0) + noise)
    chosen = plus_plus(rows, 4, np.random.default_rng(seed))
    assert sorted(chosen.argmax(axis=1)) == [0, 1, 2, 3]


def test_a_row_that_occurs_more_often_is_drawn_more_often():
    rows = distinct_rows(np.repeat(AXES, [97, 1, 1, 1], axis=0))
    first = [plus_plus(rows, 1, np.random.default_rng(seed))[0].argmax() for seed in range(200)]
    assert 180 <= np.sum(np.asarray(first) == 0) < 200


def test_no_more_is_left_than_by_scikit_learn():
    rows = plain_rows(np.random.default_rng(0).normal(size=(500, 16)))
    ours = [left(rows.vectors, plus_plus(rows, 12, np.random.default_rng(seed))) for seed in range(20)]
    theirs = [left(rows.vectors, kmeans_plusplus(rows.vectors, 12, random_state=seed)[0]) for seed in range(20)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.02)
