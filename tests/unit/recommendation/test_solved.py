"""What several strategies have in common is solved once, kept within bounds, and gone with what it is of."""

import gc
from dataclasses import replace

import numpy as np
import pytest
from recommending import known, planted

from interest_platform.recommendation import ease, solved
from interest_platform.recommendation.cold import Cold
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.evaluation.ablation import no_segments
from interest_platform.recommendation.segment_smoothed import SegmentSmoothed
from interest_platform.recommendation.solved import Solved


@pytest.fixture
def solutions(monkeypatch):
    """How often the weights were solved."""
    found = []
    monkeypatch.setattr(ease, "SOLVED", Solved())
    real = Ease._weights
    monkeypatch.setattr(Ease, "_weights", lambda self, x: found.append(1) or real(self, x))
    return found


def test_strategies_of_one_context_solve_once_and_score_as_if_each_had(solutions):
    told = known(*planted())
    rows = np.arange(len(told.interactions.users))
    strategies = (Ease(), SegmentSmoothed(), Cold())
    shared = [strategy.fit(told).scores(rows) for strategy in strategies]
    SegmentSmoothed().fit(no_segments(told))
    assert len(solutions) == 1
    for strategy, scores in zip(strategies, shared, strict=True):
        np.testing.assert_array_equal(strategy.fit(known(*planted())).scores(rows), scores)
    assert len(solutions) == 4


def test_another_penalty_and_equal_interactions_of_another_context_are_solved_anew(solutions):
    told = known(*planted())
    for strategy, context in ((Ease(), told), (Ease(l2=1.0), told), (Ease(), replace(told, segments=None))):
        strategy.fit(context)
    assert len(solutions) == 2
    Ease().fit(known(*planted()))
    assert len(solutions) == 3


def test_what_is_too_large_is_not_kept_and_the_oldest_goes_first(solutions, monkeypatch):
    one, other = known(*planted()), known(*planted(seed=1))
    size = Ease().fit(one).weights.size
    monkeypatch.setattr(solved, "CELLS", size)
    for context in (one, other, other, one):
        Ease().fit(context)
    assert len(solutions) == 3
    monkeypatch.setattr(solved, "CELLS", size - 1)
    Ease().fit(other)
    Ease().fit(other)
    assert len(solutions) == 5


def test_weights_are_gone_with_the_interactions_and_cannot_be_changed(solutions):
    told = known(*planted())
    with pytest.raises(ValueError, match="read-only"):
        Ease().fit(told).weights[0, 0] = 1
    assert len(ease.SOLVED._kept) == 1
    del told
    gc.collect()
    assert ease.SOLVED._kept == []
