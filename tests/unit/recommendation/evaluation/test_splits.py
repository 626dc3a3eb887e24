"""Splits: what is in which part, by hand."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.splits import (
    global_time_split,
    leave_last_out,
    per_user_time_split,
    random_split,
    rolling_splits,
    time_split,
)
from interest_platform.recommendation.interactions import Interactions

START = datetime(2024, 1, 1)


def at(day):
    return START + timedelta(days=day)


def frame(*rows):
    users, items, days = zip(*rows, strict=True)
    return pl.DataFrame({"user_key": users, "item_id": items, "ts": [at(d) for d in days]})


ROWS = frame(*[("a", f"i{n}", n) for n in range(6)], *[("b", f"i{n}", n + 3) for n in range(4)], ("c", "i0", 9))


def pairs(part):
    return set(part.select("user_key", "item_id").rows())


@pytest.mark.parametrize("split", [random_split, per_user_time_split, leave_last_out, global_time_split])
def test_no_row_is_lost_or_in_both_parts_and_what_is_learned_from_is_allowed(split):
    done = split(ROWS)
    assert done.train.height + done.test.height == ROWS.height
    assert pairs(done.train).isdisjoint(pairs(done.test))
    Interactions.of(done.train, done.until)


def test_the_random_split_depends_on_the_seed_alone():
    assert pairs(random_split(ROWS, seed=3).test) == pairs(random_split(ROWS, seed=3).test)
    assert len({frozenset(pairs(random_split(ROWS, seed=s).test)) for s in range(9)}) > 1
    many = pl.concat([ROWS] * 200)
    # of 2200 rows 440, standard deviation 19
    assert 380 < random_split(many).test.height < 500


def test_the_last_fifth_of_each_user_is_judged():
    # of six rows two are judged (1.2 rounded up), of four one (.8), of one that one
    assert pairs(per_user_time_split(ROWS).test) == {("a", "i4"), ("a", "i5"), ("b", "i3"), ("c", "i0")}
    assert pairs(per_user_time_split(ROWS, 0.5).test) == {
        ("a", "i3"),
        ("a", "i4"),
        ("a", "i5"),
        ("b", "i2"),
        ("b", "i3"),
        ("c", "i0"),
    }


def test_the_last_row_of_each_user_who_has_two_is_judged():
    assert pairs(leave_last_out(ROWS).test) == {("a", "i5"), ("b", "i3")}


def test_the_global_split_leaves_nothing_of_the_future_to_learn_from():
    done = global_time_split(ROWS, 0.3)
    assert done.train["ts"].max() < done.until <= done.test["ts"].min()
    assert done.until == at(5)


def test_rows_of_one_moment_are_on_one_side():
    done = global_time_split(frame(*[("a", f"i{n}", 0) for n in range(5)]), 0.2)
    assert (done.train.height, done.test.height) == (0, 5)


def test_warm_and_cold_users_are_told_apart():
    done = time_split(ROWS, at(5))
    warm, cold = done.users(fewest=3)
    assert (warm.to_list(), cold.to_list()) == (["a"], ["b", "c"])


def test_rolling_judges_by_the_windows_after_each():
    weeks = [Window(at(2 * n), at(2 * n + 2)) for n in range(4)]
    done = list(rolling_splits(ROWS, weeks, horizon=2))
    assert [window for window, _ in done] == weeks[:2]
    assert pairs(done[0][1].test) == pairs(ROWS.filter(pl.col("ts").is_between(at(2), at(6), closed="left")))
    assert all(split.train["ts"].max() < window.end for window, split in done)


def test_wrong_input_is_told():
    with pytest.raises(ContractError, match="no interactions"):
        random_split(ROWS.clear())
    with pytest.raises(ContractError, match=r"share of 1\.5"):
        per_user_time_split(ROWS, 1.5)
    with pytest.raises(ContractError, match="horizon of 0"):
        list(rolling_splits(ROWS, [], 0))
