"""Which windows are stale, on a few made-up load times: no lake needed."""

import datetime as dt

import polars as pl
import pytest

from interest_platform.domain.offsets import Reach
from interest_platform.domain.steps import line_reads
from interest_platform.domain.windows import Grain, WindowGrid
from interest_platform.lake.staleness import stale_windows, unfinished_windows

GRID = WindowGrid(Grain.WEEK, dt.date(2024, 1, 1), dt.date(2024, 3, 4))
RECOMMENDING = ["item_vectors", "recommendations", "recommendation_metrics"]
READS = {s: r for s, r in line_reads(Reach(lookback=2, grace=1)).items() if s not in RECOMMENDING}
STEPS = [step for step in READS if step != "planted_events"]
WEEK = [window.start for window in GRID]


class Loads:
    """Load times by a clock that ticks with every load."""

    def __init__(self) -> None:
        self.at: dict[tuple[str, int], dt.datetime] = {}
        self.now = dt.datetime(2025, 1, 1)

    def load(self, weeks, steps=STEPS) -> "Loads":
        for step in steps:
            for week in weeks:
                self.now += dt.timedelta(seconds=1)
                self.at[step, week] = self.now
        return self

    @property
    def frame(self) -> pl.DataFrame:
        rows = [(WEEK[week], step, at) for (step, week), at in self.at.items()]
        return pl.DataFrame(rows, ["window_start", "table_name", "loaded_at"], orient="row")

    def stale(self, reads=READS) -> dict[int, list[str]]:
        found = stale_windows(self.frame, GRID, reads)
        return {
            WEEK.index(start): steps
            for start, steps in found.group_by("window_start", maintain_order=True).agg("step").iter_rows()
        }


MIGRATED = ["encoder_migrations", "user_interests"]
"""Which encoder a window is compared with depends on two windows before it; interests look back on one of these."""
CARRIED = ["cluster_snapshots", "segment_identities", "segment_features", "user_moves", "drift_metrics"]
CARRIED += ["provisional_differences"]


def test_a_range_at_once_and_a_range_window_by_window_are_current():
    assert Loads().load(range(5)).stale() == {}
    loads = Loads()
    for week in range(5):
        loads.load([week])
    assert loads.stale() == {}


def test_late_texts_make_the_lookback_and_all_later_segments_stale_until_these_are_restated():
    loads = Loads().load(range(5)).load([1])
    both = [*MIGRATED, *CARRIED]
    assert loads.stale() == {2: both, 3: both, 4: both[1:]}
    loads.load(range(2, 5), both)
    assert loads.stale() == {}


def test_a_window_is_stale_once_the_one_before_it_has_landed():
    loads = Loads().load(range(2, 4))
    assert loads.stale() == {}
    both = [*MIGRATED, *CARRIED]
    assert loads.load(range(2)).stale() == {2: both, 3: both}


def test_behind_a_window_that_was_never_loaded_ids_still_go_on():
    loads = Loads().load([0]).load([3, 4]).load([0])
    assert loads.stale() == {3: CARRIED, 4: CARRIED}


def test_what_only_compares_is_stale_for_one_window():
    loads = Loads().load(range(4)).load([1], CARRIED[1:])
    assert loads.stale() == {2: CARRIED[1:], 3: CARRIED[1:]}
    loads.load(range(2, 4), ["segment_identities"])
    assert loads.stale() == {2: CARRIED[2:], 3: CARRIED[2:]}


def test_the_nearest_cause_is_told():
    found = stale_windows(Loads().load(range(5)).load([0], CARRIED).frame, GRID, READS)
    told = dict(found.filter(pl.col("step") == "cluster_snapshots").select("window_start", "because").iter_rows())
    assert told == {
        WEEK[1]: "cluster_snapshots of 2024-01-01 was loaded after it",
        WEEK[2]: "cluster_snapshots of 2024-01-01 was loaded after it",
        # clusterings look three windows back for a single cluster
        WEEK[3]: "cluster_snapshots of 2024-01-01 was loaded after it",
        WEEK[4]: "cluster_snapshots of 2024-01-08 is stale",
    }


def test_drift_is_stale_once_its_season_is():
    reads = line_reads(Reach(lookback=1, grace=0, reference=4))
    loads = Loads().load(range(6))
    loads.load([0], ["segment_identities"]).load(range(1, 6), ["segment_identities", "segment_features", "user_moves"])
    found = stale_windows(loads.frame, GRID, reads)
    assert [WEEK.index(w) for w in found.filter(pl.col("step") == "drift_metrics")["window_start"]] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize("steps", [STEPS[:1], STEPS[:5], STEPS[:6]])
def test_a_window_that_has_not_come_to_the_end_is_unfinished_and_not_stale(steps):
    loads = Loads().load([0]).load([1], steps)
    found = unfinished_windows(loads.frame, GRID, {step: READS[step] for step in STEPS})
    assert found["window_start"].unique().to_list() == [WEEK[1]]
    assert set(found["step"]) == set(STEPS[len(steps) :])
    assert stale_windows(loads.frame, GRID, READS).is_empty()


def test_lists_are_stale_while_a_window_of_their_history_was_loaded_after_and_metrics_one_window_longer():
    reads = line_reads(Reach(lookback=1, grace=0, history=3))
    loads = Loads().load(range(7), list(reads)).load([1], ["raw_texts"])
    found = {week: [s for s in steps if s in RECOMMENDING[1:]] for week, steps in loads.stale(reads).items()}
    texts = {1: RECOMMENDING[1:], 2: RECOMMENDING[1:], 3: RECOMMENDING[1:]}
    assert {week: steps for week, steps in found.items() if week <= 3} == texts
    assert found[4][-1] == "recommendation_metrics"


def test_nothing_loaded_is_nothing_stale():
    assert stale_windows(Loads().load([0]).frame.clear(), GRID, READS).is_empty()
