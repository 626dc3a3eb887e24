"""Rolling evaluation: who is judged by what, by hand."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from rolling_world import START, WEEKS, context_of, history

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.judge import PER_USER
from interest_platform.recommendation.evaluation.outcomes import outcomes
from interest_platform.recommendation.evaluation.rolling import rolling
from interest_platform.recommendation.strategies import load_strategy


class Fixed:
    """Scores items by their column, the first best, whatever has happened."""

    def __init__(self, name="fixed"):
        self.name = name
        self.ends = []

    def fit(self, context):
        self.ends.append((context.end, context.interactions.counts.nnz))
        self.m = len(context.interactions.items)
        return self

    def scores(self, rows):
        return np.tile(-np.arange(self.m, dtype=np.float32), (len(rows), 1))

    def reasons(self, row, items):
        return [""] * len(items)


def told(*rows):
    users, items, days = zip(*rows, strict=True)
    return pl.DataFrame({"user_key": users, "item_id": items, "ts": [START + timedelta(days=d) for d in days]})


FEW = told(("u0", "i0", 0), ("u1", "i1", 1), ("u2", "i2", 2), ("u0", "i1", 8), ("u0", "i0", 8), ("u1", "i1", 9))
FEW = pl.concat([FEW, told(("u2", "i9", 9), ("u9", "i0", 9))])


def judged(frame, windows=WEEKS[:2], strategies=None, **more):
    return list(rolling(windows, lambda w: context_of(frame, w), strategies or [Fixed()], frame, **more))


def test_items_that_are_new_to_the_user_are_relevant_and_users_who_were_known_are_judged():
    # u0 had i0 and deals with i1 anew; u1 repeats i1; u2 deals with i9, which nobody knew; u9 was unknown
    done = outcomes(context_of(FEW, WEEKS[0]), FEW.filter(pl.col("ts") >= WEEKS[0].end))
    assert (done.rows.tolist(), done.relevant.toarray().tolist()) == ([0, 2], [[0, 1, 0, 0], [0, 0, 0, 1]])
    assert (done.unknown_users, done.unknown_share) == (1, 0.5)


def test_an_item_that_nobody_knew_is_missed():
    [done] = judged(FEW)
    assert dict(done.rows.select("user_key", "recall").rows()) == {"u0": 1, "u2": 0}


def test_a_row_says_who_was_judged_when_and_how_well():
    [done] = judged(FEW, k=2)
    row = done.rows.row(0, named=True)
    # the list of u0 is i1, i2: what it had is left out
    assert (row["user_key"], row["window_end"], row["segment_id"], row["warm"]) == ("u0", WEEKS[0].end, "s0", False)
    assert (row["precision"], row["recall"], row["ndcg"], row["mrr"]) == (0.5, 1, 1, 1)
    assert row["novelty"] == pytest.approx(np.log2(3)) and row["popularity"] == pytest.approx(1 / 3)
    # that of u2 is i0, i1
    assert (done.coverage, row["diversity"]) == (1, None)


def test_users_are_warm_from_five_interactions_on():
    frame = told(*[("u0", f"i{n}", n) for n in range(5)], *[("u1", f"i{n}", n) for n in range(4)], ("u2", "i6", 1))
    frame = pl.concat([frame, told(("u0", "i6", 8), ("u1", "i6", 8))])
    [done] = judged(frame)
    assert dict(done.rows.select("user_key", "warm").rows()) == {"u0": True, "u1": False}


def test_each_window_is_learned_from_what_was_before_its_end_and_judged_by_the_next():
    frame, strategy = history(users=12), Fixed()
    done = judged(frame, WEEKS[:4], [strategy])
    assert [end for end, _ in strategy.ends] == [w.end for w in WEEKS[:3]]
    assert [d.rows["window_end"][0] for d in done] == [w.end for w in WEEKS[:3]]
    assert all(a < b for (_, a), (_, b) in zip(strategy.ends, strategy.ends[1:], strict=False))


def test_what_comes_after_the_horizon_changes_nothing():
    frame = history(users=12)
    short = [d.rows for d in judged(frame.filter(pl.col("ts") < WEEKS[2].end), WEEKS[:3])]
    assert all(a.equals(b) for a, b in zip(short, [d.rows for d in judged(frame, WEEKS[:3])], strict=True))


def test_a_longer_horizon_finds_more_that_is_relevant():
    frame = history(users=12)
    [one, *_], [two, *_] = judged(frame, WEEKS[:3]), judged(frame, WEEKS[:3], horizon=2)
    assert two.rows["precision"].mean() >= one.rows["precision"].mean()
    assert two.rows["user_key"].n_unique() >= one.rows["user_key"].n_unique()


def test_rows_of_the_frame_in_another_order_give_the_same():
    frame = history(users=12)
    strategies = [load_strategy("ease"), load_strategy("recently-popular")]
    first, mixed = (judged(f, WEEKS[:3], strategies) for f in (frame, frame.sample(fraction=1, shuffle=True, seed=1)))
    for a, b in zip(first, mixed, strict=True):
        assert a.rows.equals(b.rows)


def test_all_accuracies_are_from_zero_to_one():
    frame = history(users=12)
    rows = pl.concat([d.rows for d in judged(frame, WEEKS[:4], [load_strategy("popular"), load_strategy("item-knn")])])
    bounded = rows.select(PER_USER).drop("novelty", "diversity")
    assert bounded.min().row(0) >= (0,) * bounded.width and max(bounded.max().row(0)) <= 1 + 1e-12


def test_a_list_longer_than_the_catalogue_is_padded():
    [done] = judged(FEW, k=50)
    assert (done.rows["recall"][0], done.rows["precision"][0]) == (1, 1 / 50)


def test_windows_in_which_nothing_new_happened_yield_nothing():
    assert judged(FEW, WEEKS[1:3]) == []


def test_wrong_input_is_told():
    with pytest.raises(ContractError, match="1 windows: 2 are needed"):
        judged(FEW, WEEKS[:1])
    with pytest.raises(ContractError, match="fixed, fixed: each name may be there once"):
        judged(FEW, strategies=[Fixed(), Fixed()])
    with pytest.raises(ContractError, match="they must be equal"):
        list(rolling(WEEKS[:2], lambda w: replace(context_of(FEW, w), end=START), [Fixed()], FEW))
