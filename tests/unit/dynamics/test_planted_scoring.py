"""What counts as noticed, by hand: majorities, exact comparison, tallies and rows."""

import numpy as np
import polars as pl
import pytest

from interest_platform.domain.dynamics_tables import PLANTED_EVENTS
from interest_platform.dynamics.planted.plan import Change, Plan
from interest_platform.dynamics.planted.planting import tallied
from interest_platform.dynamics.planted.summary import Tally, planted_in, planted_rows, smallest_noticed
from interest_platform.dynamics.planted.trial import Report, compared, happenings, majorities
from interest_platform.dynamics.tracker import Event

SPLIT, MERGE, BIRTH, DEATH = (
    ("split", (0,), (5, 6)),
    ("merge", (1, 2), (7,)),
    ("birth", (), (8,)),
    ("death", (3,), ()),
)


def event(kind, parents, children) -> Event:
    return Event(kind, parents, children, 0.9, "both")


def test_clusters_are_named_by_the_majority_of_their_planted_truth():
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    truth = np.array([5, 5, 6, 6, 6, 5, 4, 4, 9])
    assert majorities(labels, truth) == [5, 6, 4]  # cluster 2 is a tie of 4 and 9: the smaller
    assert majorities(np.zeros(0, int), np.zeros(0, int)) == []


def test_events_are_told_by_true_segments_and_survivals_are_not_scored():
    events = [
        event("survive", (4,), (3,)),
        event("split", (0,), (2, 1)),
        event("merge", (2, 1), (0,)),
        event("birth", (), (4,)),
        event("death", (3,), ()),
    ]
    # rows of the tracker to true segments: parents as they are, children by majority
    told = happenings(events, [0, 1, 2, 3, 4], [7, 6, 5, 4, 8])
    assert told == [SPLIT, MERGE, BIRTH, DEATH]


def test_an_event_counts_only_with_exactly_its_parents_and_children():
    truth = frozenset({SPLIT, MERGE})
    noticed, false = compared([SPLIT, ("merge", (1, 3), (7,))], truth)
    assert noticed == {SPLIT} and false == (("merge", (1, 3), (7,)),)
    assert compared([("merge", (0,), (5, 6))], truth) == (frozenset(), (("merge", (0,), (5, 6)),))
    assert compared([], truth) == (frozenset(), ())


def test_an_event_told_twice_is_noticed_once_and_false_once():
    # two halves of one true segment, each reported born
    noticed, false = compared([BIRTH, BIRTH, BIRTH, DEATH], frozenset({BIRTH}))
    assert noticed == {BIRTH} and false == (BIRTH, BIRTH, DEATH)


def test_a_plan_of_changes_is_counted_by_kind():
    plan = Plan(0.1, (Change("split", (0,), 20), Change("birth", (), 20)))
    report = Report(frozenset({SPLIT}), (DEATH, DEATH, ("split", (1,), (1, 1))), np.array([]))
    alarms = {"split": frozenset({"centroid_shift"}), "birth": frozenset()}
    assert tallied(plan, report, alarms) == {
        "split": Tally(planted=1, noticed=1, false=1, alarms=1),
        "merge": Tally(),
        "birth": Tally(planted=1),
        "death": Tally(false=2),
    }


@pytest.mark.parametrize(
    ("alarms", "noticed", "alarm"),
    [(set(), 0, 0), ({"centroid_shift"}, 0, 1), ({"centroid_shift", "psi_shares"}, 1, 1), ({"js_shares"}, 1, 1)],
)
def test_a_move_is_noticed_by_an_alarm_of_shares_and_any_event_is_false(alarms, noticed, alarm):
    plan, report = Plan(0.1, (Change("move", (1,), 20),)), Report(frozenset(), (DEATH,), np.array([]))
    assert tallied(plan, report, {"move": frozenset(alarms)}) == {"move": Tally(1, noticed, 1, alarm)}


def test_rows_by_hand():
    tallies = {
        ("split", 0.1): Tally(4, 3, 1, 2),
        ("split", 0.2): Tally(4, 4, 0, 4),
        ("birth", 0.1): Tally(2, 0, 0, 1),
        ("death", 0.1): Tally(0, 0, 3, 0),  # reported, never planted
        ("move", 0.1): Tally(2, 2, 1, 2),
    }
    rows = planted_rows(tallies)
    assert rows.rows() == [
        ("all", 0.1, 6, 3, 4, 3 / 7, 0.5, 3, 0.2),
        ("all", 0.2, 4, 4, 0, 1.0, 1.0, 4, 0.2),
        ("birth", 0.1, 2, 0, 0, None, 0.0, 1, None),
        ("move", 0.1, 2, 2, 1, 2 / 3, 1.0, 2, 0.1),
        ("split", 0.1, 4, 3, 1, 0.75, 0.75, 2, 0.2),
        ("split", 0.2, 4, 4, 0, 1.0, 1.0, 4, 0.2),
    ]
    assert planted_in(rows, 0.1) == Tally(10, 7, 4, 7)
    assert planted_in(rows, 0.15) == Tally(4, 4, 0, 4)
    assert planted_in(rows, 0.3) == Tally()
    assert dict(rows.schema) == {name: PLANTED_EVENTS.schema[name] for name in rows.columns}


def test_no_tally_gives_no_row_and_the_same_columns():
    assert planted_rows({}).schema == planted_rows({("birth", 0.1): Tally(1)}).schema
    assert planted_rows({("birth", 0.1): Tally(false=2)}).is_empty()
    assert planted_in(planted_rows({}), 0.0) == Tally()


@pytest.mark.parametrize(
    ("recalls", "smallest"),
    [
        ({}, None),
        ({0.02: 1.0, 0.05: 0.89, 0.1: 0.9, 0.2: 1.0}, 0.1),
        ({0.02: 0.9, 0.05: 0.95, 0.1: 1.0}, 0.02),
        ({0.02: 1.0, 0.05: 1.0, 0.2: 0.5}, None),
    ],
)
def test_the_smallest_size_noticed_holds_at_every_larger_one(recalls, smallest):
    assert smallest_noticed(recalls) == smallest


def test_the_order_of_tallies_does_not_matter():
    tallies = {("split", 0.2): Tally(1, 1), ("merge", 0.02): Tally(1, 0, 1), ("split", 0.02): Tally(1, 1)}
    assert planted_rows(tallies).equals(planted_rows(dict(reversed(tallies.items()))))
    assert planted_rows(tallies).filter(pl.col("kind") == "all")["size"].to_list() == [0.02, 0.2]
