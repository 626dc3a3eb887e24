"""Drift measures against numbers worked out by hand, and against plain loops."""

import doctest
import math

import numpy as np
import polars as pl
import pytest
from drifting import unit

from interest_platform.dynamics.drift import mixes
from interest_platform.dynamics.drift.causes import CAUSES, Members, decompose
from interest_platform.dynamics.drift.distances import Rows, distances, mean_shift
from interest_platform.dynamics.drift.mixes import jensen_shannon, stability_index
from interest_platform.dynamics.drift.pool import Pool
from interest_platform.dynamics.drift.ruler import NONE, common_labels
from interest_platform.dynamics.drift.vocabulary import log_odds, word_counts, words_that_moved
from interest_platform.numerics import multiplicity
from interest_platform.numerics.multiplicity import q_values


@pytest.mark.parametrize("module", [mixes, multiplicity])
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


def test_q_values_are_those_of_benjamini_and_hochberg():
    # sorted .01 .02 .03 .04 .2 times 5 / rank: .05 .05 .05 .05 .2
    assert q_values([0.03, 0.2, 0.01, 0.04, 0.02]) == pytest.approx([0.05, 0.2, 0.05, 0.05, 0.05])
    assert q_values([]) == [] and q_values([0.3]) == [0.3]


def test_jensen_shannon_and_stability_index_of_two_shares():
    # p = (3/4, 1/4), q = (1/4, 3/4), middle 1/2: 3/4 log2(3/2) + 1/4 log2(1/2)
    assert jensen_shannon([3, 1], [1, 3]) == pytest.approx(0.75 * math.log2(1.5) - 0.25)
    # with half a unit each: (3.5, 1.5) / 5 and (1.5, 3.5) / 5: 2 x .4 ln(7/3)
    assert stability_index([3, 1], [1, 3]) == pytest.approx(0.8 * math.log(7 / 3))
    assert np.isfinite(stability_index([0, 5], [5, 0]))
    assert jensen_shannon([0, 0], [1, 1]) == 0


def test_distances_of_four_users_worked_out_by_hand():
    # before (1, 0) twice, after (1, 0) and (0, 1): |x - y| is 0 or sqrt 2, of the six pairs three are 0
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    pool = Pool(np.arange(4), np.array([True, True, False, False]))
    both = distances(Rows(vectors, np.arange(4), np.ones(4)), pool)
    # cross mean sqrt2 / 2, before 0, after sqrt2 / 2 (the diagonal counts): 2 c - 0 - c = c
    assert both.energy(pool.before[None])[0] == pytest.approx(math.sqrt(2) / 2, abs=1e-6)
    assert both.between == pytest.approx(math.sqrt(2) / 2)
    # median squared distance of the six pairs 0 0 0 2 2 2 is 1: far pairs have k = exp(-2 / 2)
    k = math.exp(-1)
    assert both.mmd(pool.before[None])[0] == pytest.approx(1 + (1 + k) / 2 - 2 * (1 + k) / 2, abs=1e-6)
    shift, variance = mean_shift(Rows(vectors, np.arange(4), np.ones(4)))
    assert shift(pool.before[None])[0] == pytest.approx(0.5)  # (1, 0) to (.5, .5)
    assert variance == pytest.approx(1 - (0.75**2 + 0.25**2))


def test_a_user_of_two_interests_counts_by_their_weights():
    rng = np.random.default_rng(0)
    vectors, weight = unit(rng.standard_normal((5, 3))), np.array([0.25, 0.75, 1, 1, 1])
    unit_of, before = np.array([0, 0, 1, 2, 3]), np.array([True, True, False, False])
    found = distances(Rows(vectors, unit_of, weight), Pool(np.arange(4), before)).energy(before[None])[0]
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    w = weight * np.where(before[unit_of], 0.5, -0.5)
    assert found == pytest.approx(-w @ apart @ w, abs=1e-6)


def test_log_odds_are_those_of_the_formula():
    # 40 + 60 words; the prior is a tenth of the pooled counts: 3, 5, 2
    after, before = np.array([20, 10, 10]), np.array([10, 40, 10])
    a = np.array([3, 5, 2])
    b1, b2 = after + a, before + a
    delta = [math.log(b1[i] / (b1.sum() - b1[i])) - math.log(b2[i] / (b2.sum() - b2[i])) for i in range(3)]
    z = [delta[i] / math.sqrt(1 / b1[i] + 1 / b2[i]) for i in range(3)]
    assert log_odds(after, before) == pytest.approx(z)
    assert z[0] > 1.96 > 0 > -1.96 > z[1]
    assert log_odds(before, after) == pytest.approx([-x for x in z])


def test_words_of_few_users_are_never_told():
    rows = [(u, f"u{u}", ["common"] * 3 + (["rare"] * 50 if u == 0 else [])) for u in range(8)]
    frame = pl.DataFrame(rows, ["unit", "user_key", "tokens"], orient="row")
    words = word_counts(frame, 8)
    assert words.words == ["common"] and words.counts.toarray().ravel().tolist() == [3] * 8
    assert words_that_moved(words, np.arange(8) < 4) == {"more": [], "less": []}


def _members(vectors, own, common=None, group=None):
    n = len(vectors)
    common = own if common is None else common
    group = ["mail en"] * n if group is None else group
    labels = (np.array(x, str) for x in (own, common, group))
    return Members(np.asarray(vectors, np.float32), np.full(n, 1 / n), *labels)


def test_causes_of_a_change_of_shares_worked_out_by_hand():
    # segments at (1, 0) and (0, 1) stand still; shares go from 1/2, 1/2 to 1/4, 3/4: rows move by 1/4, total sqrt(1/8)
    a, b = [1, 0], [0, 1]
    found = decompose(_members([a, b], ["a", "b"]), _members([a, b, b, b], ["a", "b", "b", "b"]), True)
    assert found.total == pytest.approx(math.sqrt(1 / 8))
    assert found.parts == pytest.approx({"mix": found.total, "within": 0, "model": 0, "ingest": 0})
    assert found.by_segment["a"] == pytest.approx((found.total / 2, 0))


def test_causes_of_a_moved_segment_worked_out_by_hand():
    # half of the users moves from (0, 1) to (-1, 0): that row changes by 1/2 (-1, -1)
    found = decompose(_members([[1, 0], [0, 1]], ["a", "b"]), _members([[1, 0], [-1, 0]], ["a", "b"]), True)
    assert found.total == pytest.approx(math.sqrt(1 / 2))
    assert found.parts == pytest.approx({"mix": 0, "within": found.total, "model": 0, "ingest": 0})


def test_a_source_that_grows_is_ingest_and_not_mix():
    # mail writes on a alone, forum on b alone; forum goes from 1/4 to 1/2
    a, b = [1, 0], [0, 1]
    before = _members([a, a, a, b], list("aaab"), group=["mail"] * 3 + ["forum"])
    after = _members([a, b], list("ab"), group=["mail", "forum"])
    found = decompose(before, after, True)
    assert found.parts == pytest.approx({"mix": 0, "within": 0, "model": 0, "ingest": found.total})


def test_the_same_users_clustered_otherwise_are_all_model():
    vectors = unit(np.random.default_rng(1).standard_normal((30, 4)))
    own, other = np.array(["a", "b"] * 15), np.array(["a", "b", "b"] * 10)
    found = decompose(_members(vectors, own, own), _members(vectors, other, own), False)
    assert found.total > 0.1
    assert found.parts == pytest.approx({"mix": 0, "within": 0, "model": found.total, "ingest": 0}, abs=1e-9)


@pytest.mark.parametrize("same_settings", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_causes_add_up_exactly(seed, same_settings):
    rng = np.random.default_rng(seed)

    def drawn(n, segments, groups):
        pick = [rng.choice(list(x), n) for x in (segments, segments, groups)]
        return _members(unit(rng.standard_normal((n, 5))), *pick)

    found = decompose(drawn(40, "abc", "xy"), drawn(55, "bcde", "yz"), same_settings)
    assert sum(found.parts.values()) == pytest.approx(found.total, rel=1e-12)
    assert set(found.parts) == set(CAUSES)
    segments = np.sum(list(found.by_segment.values()), axis=0)
    assert segments == pytest.approx([found.parts["mix"], found.parts["within"]])


def test_one_ruler_favours_neither_window_and_leaves_users_without_segments_alone():
    vectors = unit([[1, 0], [1, 0.1], [0, 1], [1, 0], [0.1, 1], [0, 1]])
    own, before = np.array(["a", "a", "b", "a", "a", "b"]), np.arange(6) < 3
    assert common_labels(vectors, own, np.ones(6), before).tolist() == ["a", "a", "b", "a", "b", "b"]
    assert common_labels(vectors, own, np.ones(6), ~before).tolist() == ["a", "a", "b", "a", "b", "b"]
    assert set(common_labels(vectors, np.full(6, NONE), np.ones(6), before)) == {NONE}
