"""The gate and the ablation: who passes, who does not, and what is said."""

import numpy as np
import polars as pl
import pytest
from rolling_world import WEEKS, context_of, history

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.ablation import (
    do_segments_help,
    no_segments,
    shuffled_segments,
    variants,
)
from interest_platform.recommendation.evaluation.gate import gate
from interest_platform.recommendation.evaluation.paired import difference
from interest_platform.recommendation.evaluation.rolling import rolling
from interest_platform.recommendation.strategies import load_strategy


def rows(users=100, windows=2, seed=0, **above):
    """Rows of strategies whose NDCG is a common one of the user and window, plus what is named, plus noise."""
    rng = np.random.default_rng(seed)
    ends = [w.end for w in WEEKS[:windows] for _ in range(users)]
    keys = np.tile([f"u{n:03d}" for n in range(users)], windows)
    base = rng.uniform(0.1, 0.5, users * windows)
    named = {"recently_popular": 0.0, "ease": 0.0} | above
    return pl.concat(
        pl.DataFrame(
            {
                "window_end": ends,
                "user_key": keys,
                "strategy": [name.replace("_", "-")] * len(keys),
                "ndcg": base + more + rng.normal(0, 0.02, len(keys)),
            }
        )
        for name, more in named.items()
    )


def test_what_beats_both_rivals_passes():
    verdict = gate(rows(hybrid=0.03), "hybrid")
    assert verdict.passed
    assert verdict.line.startswith("hybrid is passed: better than recently-popular and ease, 100 users (ndcg less ")
    assert [round(d.interval.value, 2) for d in verdict.differences] == [0.03, 0.03]


def test_what_loses_to_one_rival_does_not_pass_and_the_line_says_to_which():
    verdict = gate(rows(hybrid=0.03, ease=0.06), "hybrid")
    assert not verdict.passed
    assert "not proven better than ease (worse for sure), 100 users" in verdict.line
    assert "better than recently-popular" not in verdict.line


def test_a_difference_that_may_be_none_does_not_pass():
    verdict = gate(rows(hybrid=0.0), "hybrid")
    assert not verdict.passed
    assert "recently-popular (undecided) and ease (undecided)" in verdict.line


def test_too_few_users_do_not_pass_however_good_and_it_is_said():
    verdict = gate(rows(users=99, windows=6, hybrid=0.3), "hybrid")
    assert not verdict.passed
    assert verdict.line.startswith("hybrid is not passed: 99 users were judged, 100 are needed")
    assert not gate(rows(users=1, windows=6, hybrid=0.3), "hybrid").passed


def test_many_windows_do_not_make_many_users():
    found = difference(rows(users=40, windows=5, hybrid=0.01), "hybrid", "ease").interval
    assert (found.n_users, found.n_rows) == (40, 200)


def test_a_rival_does_not_pass():
    assert not gate(rows(), "ease").passed


def test_chance_passes_hardly_ever():
    """Two strategies without a difference to the rivals: at most 2.5 % of one side, less for both."""
    assert sum(gate(rows(users=120, seed=seed, hybrid=0), "hybrid").passed for seed in range(60)) <= 3


def test_the_difference_is_of_the_same_users_in_the_same_windows():
    """Users differ by .4, the strategies by .005: only pairs see that."""
    found = difference(rows(users=400, hybrid=0.005), "hybrid", "ease")
    assert found.proven
    mixed = rows(users=400, hybrid=0.005).sample(fraction=1, shuffle=True, seed=3)
    assert difference(mixed, "hybrid", "ease") == found
    assert difference(mixed, "ease", "hybrid").interval.value == pytest.approx(-found.interval.value)


def test_wrong_rows_are_told():
    frame = rows(hybrid=0.1)
    with pytest.raises(ContractError, match="strategy als has not been judged, only ease, hybrid, recently-popular"):
        gate(frame, "als")
    with pytest.raises(ContractError, match="several rows of a user"):
        gate(pl.concat([frame, frame]), "hybrid")
    missing = (pl.col("strategy") == "ease") & (pl.col("user_key") == "u000")
    with pytest.raises(ContractError, match="hybrid 200 and ease 198 rows, 198 common"):
        gate(frame.filter(~missing), "hybrid")


def test_shuffled_segments_keep_their_sizes_and_unknown_users_stay_unknown():
    context = context_of(history(), WEEKS[2])
    context.segments[:5] = 0
    shuffled = shuffled_segments(context, seed=1)
    assert (shuffled.segments.sum(axis=0) == context.segments.sum(axis=0)).all()
    assert not shuffled.segments[:5].any() and (shuffled.segments != context.segments).any()
    assert (shuffled.segments == shuffled_segments(context, seed=1).segments).all()
    assert shuffled_segments(no_segments(context)).segments is None


class OfTheSegment:
    """What the user's segments deal with most; without segments, what all do."""

    name = "of-the-segment"

    def fit(self, context):
        counts = context.interactions.counts.toarray()
        shares = context.segments if context.segments is not None else np.ones((len(counts), 1), np.float32)
        self.all_scores = shares @ (shares.T @ counts)
        return self

    def scores(self, rows):
        return self.all_scores[rows].astype(np.float32)

    def reasons(self, row, items):
        return [""] * len(items)


def ablated(strategy):
    frame = history()
    done = rolling(WEEKS, lambda w: context_of(frame, w), variants(strategy), frame)
    return do_segments_help(pl.concat([d.rows for d in done]), strategy.name)


def test_segments_that_are_the_users_tastes_help():
    answer = ablated(OfTheSegment())
    assert answer.helps
    assert answer.line.startswith("segments help of-the-segment: ndcg less shuffled +0.")


def test_segments_that_a_strategy_does_not_use_do_not_help():
    answer = ablated(load_strategy("popular"))
    assert not answer.helps
    assert "segments are not proven to help popular: ndcg less shuffled +0.0000 [+0.0000, +0.0000]" in answer.line
