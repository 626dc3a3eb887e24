"""A carried window as rows, and what a window without users makes of them."""

import numpy as np
import polars as pl

from interest_platform.clustering.carried.frame import state_frame, waiting
from interest_platform.clustering.carried.history import OLDEST
from interest_platform.clustering.carried.state import Change, State

AXES = np.eye(4, dtype=np.float32)
LAST = State(AXES[:3], ("a", "b", "c"), (4, 4, 4))
NOW = State(
    AXES[[0, 3]],
    ("a", "n"),
    (5, 0),
    ended=AXES[[1]],
    ended_lineages=("b",),
    ended_ago=(0,),
    measured_ago=0,
    chosen_of=7,
    themes={"a": "t"},
    sharpness=6.0,
    moving=0.1,
)
CHANGES = (
    Change("birth", (), ("n",), "many came", 1),
    Change("death", ("b",), (), "nobody left"),
    Change("death", ("c",), (), "joined"),
)


def frame():
    return state_frame(NOW, LAST, CHANGES, {"n": 0}, "e").with_columns(window_start=pl.lit("last"))


def rows(told, *columns):
    return told.select("lineage", *columns).rows()


def test_every_lineage_that_is_known_has_a_row_with_what_happened_to_it():
    assert rows(frame(), "state", "cluster_id", "event", "reason") == [
        ("a", "quiet", None, None, None),
        ("b", "ended", None, "death", "nobody left"),
        ("c", "joined", None, "death", "joined"),
        ("n", "live", 0, "birth", "many came"),
    ]
    assert rows(frame(), "theme", "began_ago") == [("a", "t", None), ("b", None, 0), ("c", None, 0), ("n", None, 1)]
    assert frame()["went_on"].all()
    assert frame().filter(pl.col("lineage") == "c")["centroid"].to_list() == [AXES[2].tolist()]


def test_in_a_window_without_users_nothing_happens_but_time():
    empty = waiting(frame())
    assert rows(empty, "state", "cluster_id", "event", "age", "measured_ago") == [
        ("a", "quiet", None, None, 6, 1),
        ("b", "ended", None, None, 1, 1),
        ("n", "quiet", None, None, 1, 1),
    ]
    assert rows(empty, "theme", "began_ago") == [("a", "t", None), ("b", None, None), ("n", None, None)]
    assert set(empty["chosen_of"]) == {7}
    assert empty.schema == frame().drop("window_start").schema


def test_what_ended_before_all_that_is_pooled_is_forgotten():
    told = frame()
    for _ in range(OLDEST):
        told = waiting(told).with_columns(window_start=pl.lit("last"))
    assert told["lineage"].to_list() == ["a", "n"]
    assert waiting(told.clear()).is_empty()
