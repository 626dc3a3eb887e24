"""Where users belong, and whether the probabilities mean what they say."""

import numpy as np
import pytest

from interest_platform.clustering.carried.belief import USUAL, Calibration, believe
from interest_platform.clustering.carried.history import History
from interest_platform.numerics.unit import unit

CENTROIDS = np.eye(3, dtype=np.float32)


def users(count: int, astray: float, seed: int = 0) -> tuple[History, np.ndarray]:
    """Users of two texts about one of three subjects each; this share of the second ones is about any of them."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, count)
    second = np.where(rng.random(count) < astray, rng.integers(0, 3, count), first)
    one, other = (unit(CENTROIDS[of] + rng.normal(0, 0.1, (count, 3))).astype(np.float32) for of in (first, second))
    length = np.linalg.norm(one + other, axis=1, keepdims=True)
    vectors = (one + other) / length
    return History(vectors, np.arange(count), np.zeros(count, int), one / length), second


def foretold(count: int, astray: float) -> tuple[np.ndarray, np.ndarray]:
    """The posterior of new users by one text, with what is known of earlier users of two, and what the other one is."""
    known, _ = users(count, astray)
    asked, second = users(count, astray, seed=1)
    both = History(
        np.concatenate([known.vectors, unit(asked.halves)]),
        np.arange(2 * count),
        np.repeat([-1, 0], count),
        np.concatenate([known.halves, np.zeros_like(asked.halves)]),
    )
    return believe(both, CENTROIDS, 9.0, 0.2).posterior, second


@pytest.mark.parametrize("astray", [0.0, 0.3, 0.6])
def test_users_are_told_to_be_in_a_segment_as_surely_as_their_other_text_is_about_it(astray):
    posterior, second = foretold(2_000, astray)

    right = (posterior.argmax(axis=1) == second).mean()

    assert right == pytest.approx(1 - astray * 2 / 3, abs=0.03)
    assert posterior.max(axis=1).mean() == pytest.approx(right, abs=0.03)


def test_every_user_is_somewhere():
    posterior, _ = foretold(100, 0.3)

    np.testing.assert_allclose(posterior.sum(axis=1), 1)


@pytest.mark.parametrize("calibration", [USUAL, Calibration(0.1, 0.5), Calibration(1.2, 0.0)])
def test_calibration_changes_nobodys_most_likely_segment(calibration):
    posterior = np.random.default_rng(0).dirichlet([0.5, 1, 2, 3], 500)

    told = calibration.of(posterior)

    assert (told.argmax(axis=1) == posterior.argmax(axis=1)).all()
    np.testing.assert_allclose(told.sum(axis=1), 1)


def test_a_user_who_writes_about_nothing_in_particular_is_where_the_past_was():
    middle = unit(np.ones((1, 3), np.float32))
    vectors = np.concatenate([CENTROIDS[[1]], middle, CENTROIDS])
    history = History(vectors, np.array([0, 0, 1, 2, 3]), np.array([-1, 0, 0, 0, 0]), np.zeros((5, 3), np.float32))

    posterior = believe(history, CENTROIDS, 9.0, 0.2).posterior

    assert posterior[0].argmax() == 1


def test_texts_about_two_of_three_segments_alike_are_likely_to_be_of_either():
    between = unit(CENTROIDS[[0]] + CENTROIDS[[1]])
    vectors = np.concatenate([between, CENTROIDS])
    history = History(vectors, np.arange(4), np.zeros(4, int), np.zeros((4, 3), np.float32))

    posterior = believe(history, CENTROIDS, 9.0, 0.2).posterior[0]

    assert posterior[0] == pytest.approx(posterior[1], abs=0.1) and posterior[2] < 0.1
