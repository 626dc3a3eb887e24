"""What is told of each strategy after several windows: means, kinds of users, differences, the gate."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from interest_platform.recommendation.evaluation.judge import PER_USER
from interest_platform.recommendation.evaluation.pooled import pooled

RIVALS = ("recently-popular", "ease")
START = dt.datetime(2024, 1, 8)


def rows(gain: float, users: int = 120, windows: int = 2):
    """Three strategies on the same users; `ours` has that much more NDCG than both rivals."""
    g = np.random.default_rng(0)
    found = []
    for window in range(windows):
        base = g.uniform(0.2, 0.6, users)
        for strategy, more in (("ours", gain), ("ease", 0.0), ("recently-popular", 0.0)):
            for user in range(users):
                told = dict.fromkeys(PER_USER, 0.5) | {"ndcg": base[user] + more + 0.01 * g.normal()}
                found.append(
                    {
                        "window_end": START + dt.timedelta(days=7 * window),
                        "user_key": f"u{user:03d}",
                        "segment_id": f"s{user % 2}" if user % 3 else None,
                        "warm": user % 4 == 0,
                        "strategy": strategy,
                        "k": 10,
                        **told,
                    }
                )
    return pl.DataFrame(found)


def told(frame, metric, strategy="ours", segment=None):
    [found] = [
        m
        for m in pooled(frame, RIVALS, ["ours"])
        if (m.strategy, m.metric, m.segment_id) == (strategy, metric, segment)
    ]
    return found.interval


def test_a_mean_is_over_all_rows_and_counts_users_once():
    frame = rows(0.1)
    own = frame.filter(pl.col("strategy") == "ours")
    found = told(frame, "ndcg")
    assert found.value == pytest.approx(own["ndcg"].mean())
    assert (found.n_users, found.n_rows) == (120, 240)
    assert found.low < found.value < found.high


def test_warm_and_cold_users_are_all_users():
    frame = rows(0.1)
    warm, cold, whole = (told(frame, name) for name in ("ndcg_warm", "ndcg_cold", "ndcg"))
    assert warm.n_users + cold.n_users == whole.n_users
    assert (warm.value * warm.n_rows + cold.value * cold.n_rows) / whole.n_rows == pytest.approx(whole.value)


def test_a_segment_has_its_own_users_and_such_of_none_are_in_no_row():
    frame = rows(0.1)
    assert told(frame, "ndcg", segment="s0").n_users == 40
    assert {m.segment_id for m in pooled(frame, RIVALS, [])} == {None, "s0", "s1"}


@pytest.mark.parametrize(("gain", "passed"), [(0.05, 1.0), (0.0, 0.0), (-0.05, 0.0)])
def test_the_gate_is_open_for_who_beats_both_rivals_for_sure(gain, passed):
    frame = rows(gain)
    assert told(frame, "gate").value == passed
    difference = told(frame, "ndcg_less_ease")
    assert difference.value == pytest.approx(gain, abs=0.01)


def test_rivals_have_a_difference_to_each_other_and_no_gate():
    found = [(m.metric) for m in pooled(rows(0.1), RIVALS, ["ours"]) if m.strategy == "ease"]
    assert "ndcg_less_recently-popular" in found
    assert "ndcg_less_ease" not in found
    assert "gate" not in found


def test_a_metric_that_is_not_known_of_all_is_left_out():
    frame = rows(0.1).with_columns(diversity=pl.lit(None, pl.Float64))
    assert "diversity" not in {m.metric for m in pooled(frame, RIVALS, [])}


def test_a_strategy_is_compared_with_itself_without_segments():
    frame = rows(0.1)
    none = frame.filter(pl.col("strategy") == "ours").with_columns(
        strategy=pl.lit("ours (no segments)"), ndcg=pl.col("ndcg") - 0.02
    )
    assert told(pl.concat([frame, none]), "ndcg_less_no_segments").value == pytest.approx(0.02)
