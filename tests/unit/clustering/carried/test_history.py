"""Which windows are pooled, which users are sampled, and the order of rows."""

import numpy as np

from interest_platform.clustering.carried.history import LEAST, MOST, OLDEST, WINDOWS, history, pooled


def test_twelve_windows_are_pooled_with_this_one_among_them():
    assert pooled([500] * 40) == WINDOWS - 1


def test_small_windows_reach_further_back_but_not_for_ever():
    assert pooled([10] * 100) == OLDEST - 1
    assert pooled([LEAST // 20] * 100) == 20


def test_large_windows_are_fewer_and_the_last_is_always_there():
    assert pooled([MOST // 3] * 12) == 3
    assert pooled([10 * MOST, 10]) == 1
    assert pooled([]) == 0


def test_a_sample_has_whole_users_and_no_more_rows_than_asked():
    rng = np.random.default_rng(0)
    vectors = [rng.normal(size=(30, 4)).astype(np.float32) for _ in range(3)]
    users = [[f"u{n:02d}" for n in range(30)]] * 3
    told, _ = history(vectors, users, [np.zeros_like(each) for each in vectors])
    sample = told.sample(45)
    assert len(sample) == 45
    assert set(np.unique(sample.users, return_counts=True)[1]) == {3}
    assert told.sample(90) is told


def test_the_rows_of_now_are_found_where_they_were_given():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(20, 4)).astype(np.float32)
    told, place = history([vectors], [[f"u{n}" for n in range(20)]], [np.full_like(vectors, np.nan)])
    assert np.array_equal(told.vectors[place], vectors)
    assert not told.halves.any()
