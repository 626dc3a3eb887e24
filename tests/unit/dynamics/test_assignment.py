"""The integer programme against every cover there is, one by one."""

from itertools import combinations

import numpy as np
import pytest

from interest_platform.dynamics.assignment import PRIOR, Candidate, best_cover, posteriors


def candidates(before, after, seed, share=1.0):
    """All deaths and births, and a share of all pairs, splits and merges in up to three parts, at random odds."""
    rng = np.random.default_rng(seed)
    found = [Candidate("death", (i,), ()) for i in range(before)] + [Candidate("birth", (), (j,)) for j in range(after)]
    groups = [c for n in (2, 3) for c in combinations(range(after), n)]
    linked = [("survive", (i,), (j,)) for i in range(before) for j in range(after)]
    linked += [("split", (i,), parts) for i in range(before) for parts in groups]
    linked += [("merge", parts, (j,)) for n in (2, 3) for parts in combinations(range(before), n) for j in range(after)]
    return found + [Candidate(*e, *rng.normal(0, 4, 2)) for e in linked if rng.random() < share]


def covers(options, before, after):
    """Every choice of events that has each cluster exactly once: the first cluster's events, then the rest."""
    if not before and not after:
        yield []
        return
    for n, option in options:
        first = min(before) in option.parents if before else min(after) in option.children
        if first and set(option.parents) <= before and set(option.children) <= after:
            for rest in covers(options, before - set(option.parents), after - set(option.children)):
                yield [n, *rest]


def brute_force(found, before, after, without=None):
    options = [(n, c) for n, c in enumerate(found) if n != without]
    scored = [
        (sum(found[n].score for n in cover), cover) for cover in covers(options, set(range(before)), set(range(after)))
    ]
    return max(scored, default=(-np.inf, []))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("before", "after"), [(1, 1), (1, 3), (3, 1), (2, 2), (3, 3), (3, 4), (4, 3), (0, 2), (2, 0)])
def test_the_best_cover_is_that_of_all_set_partitions(before, after, seed):
    found = candidates(before, after, seed, share=0.7)
    best, cover = brute_force(found, before, after)
    chosen, score = best_cover(found, before, after)
    assert score == pytest.approx(best, abs=1e-6)
    assert sorted(chosen) == sorted(cover)


@pytest.mark.parametrize("seed", range(6))
def test_a_posterior_is_the_odds_against_the_best_cover_without_the_event(seed):
    found = candidates(3, 3, seed)
    chosen, best = best_cover(found, 3, 3)
    for number, told in zip(chosen, posteriors(found, chosen, best, 3, 3), strict=True):
        other, _ = brute_force(found, 3, 3, without=number)
        assert told == pytest.approx(1 / (1 + np.exp(other - best)), abs=1e-6)
        assert 0.5 <= told <= 1


def test_the_score_of_a_candidate_by_hand():
    assert Candidate("survive", (0,), (0,), 1.5, 2.0, 0.25).score == 3.75
    assert Candidate("split", (0,), (0, 1, 2), 5.0, 1.0).score == PRIOR["split"] - 2 + 6
    assert Candidate("death", (0,), ()).score == PRIOR["death"]


def test_nothing_to_cover_is_covered():
    assert best_cover([], 0, 0) == ([], 0.0)
    assert posteriors([], [], 0.0, 0, 0) == []
