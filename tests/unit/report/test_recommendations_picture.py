"""The picture of recommendations says what the gate and the ablation say."""

import datetime as dt

import polars as pl
import pytest

from interest_platform.domain.recommendation_tables import RECOMMENDATION_METRICS
from interest_platform.report import Frames, quality_picture

FIRST, SECOND = dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8)
ABLATED = ("segment-smoothed (segments shuffled)", "segment-smoothed (no segments)")


def picture(*rows, window=SECOND):
    """Of (strategy, metric, value, low, high), in a window after one with another winner."""
    told = [("ease", "ndcg", 0.9, 0.8, 1.0, FIRST), *((*row, window) for row in rows)]
    names = ["strategy", "metric", "value", "ci_low", "ci_high", "window_start"]
    rest = {"k": 10, "segment_id": None, "n_users": 120, "protocol": "pooled over 3 windows"}
    frame = pl.DataFrame([dict(zip(names, row, strict=True)) | rest for row in told], RECOMMENDATION_METRICS.schema)
    return quality_picture(Frames(quality=frame))


def rows_of(found, layer):
    [data] = [d["values"] for d in found.spec["data"] if d["name"] == f"data-{layer}"]
    return data


WON = (0.2, 0.1, 0.3)
MEANS = [("hybrid", "ndcg", 0.3, 0.2, 0.4), ("ease", "ndcg", 0.1, 0.0, 0.2)]


def test_strategies_stand_best_first_with_their_intervals_in_words():
    found = picture(*MEANS, ("hybrid", "ndcg_less_ease", 0.2, 0.1, 0.3))
    assert [row["description"] for row in rows_of(found, "dots-NDCG@10")] == [
        "hybrid: NDCG@10 0.3000 [0.2000, 0.4000], 120 users",
        "ease: NDCG@10 0.1000 [0.0000, 0.2000], 120 users",
    ]
    assert [row["description"] for row in rows_of(found, "dots-less-ease")] == [
        "hybrid: NDCG@10 less ease +0.2000 [+0.1000, +0.3000], 120 users"
    ]


def test_dots_lie_on_one_scale_that_begins_at_zero():
    dots = rows_of(picture(*MEANS), "dots-NDCG@10")
    zero = float(rows_of(picture(*MEANS), "axis-NDCG@10")[0]["path"][1:].split(",")[0])
    assert dots[0]["x"] - zero == pytest.approx(3 * (dots[1]["x"] - zero), abs=0.2)


def test_an_interval_that_holds_zero_is_grey():
    found = picture(*MEANS, ("hybrid", "ndcg_less_ease", 0.2, -0.1, 0.3), ("ease", "ndcg_less_recently-popular", *WON))
    undecided, won = rows_of(found, "dots-less-ease"), rows_of(found, "dots-less-recently-popular")
    assert undecided[0]["fill"] != won[0]["fill"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1.0, "hybrid is published: it beats recently-popular and ease for sure."),
        (0.0, "No strategy has passed the gate: recently-popular is published."),
    ],
)
def test_the_summary_is_the_gates_verdict(value, told):
    assert picture(*MEANS, ("hybrid", "gate", value, None, None)).summary == told


@pytest.mark.parametrize(("low", "told"), [(0.01, "Segments help"), (-0.01, "Segments are not proven to help")])
def test_segments_help_only_where_they_beat_shuffled_ones_and_none(low, told):
    means = [(name, "ndcg", 0.2, 0.1, 0.3) for name in ("segment-smoothed", *ABLATED)]
    less = [
        ("segment-smoothed", f"ndcg_less_{ablation}", 0.05, limit, 0.1)
        for ablation, limit in {"segments_shuffled": low, "no_segments": 0.02}.items()
    ]
    assert told in picture(*means, *less).summary


def test_without_a_judged_list_there_is_a_sentence():
    found = quality_picture(Frames())
    assert found.spec is None
    assert "No list has been judged yet" in found.summary
