"""A step reads what it declares, and nothing else."""

import datetime as dt

import pytest

from interest_platform.domain.offsets import Reach
from interest_platform.domain.steps import (
    DRIFT_METRICS_STEP,
    LINE,
    SEGMENT_IDENTITIES_STEP,
    USER_INTERESTS_STEP,
    WRITERS,
    line_reads,
)
from interest_platform.domain.tables import TABLES
from interest_platform.domain.windows import Grain, WindowGrid
from interest_platform.errors import ContractError
from interest_platform.lake.declared import DeclaredReads

GRID = WindowGrid(Grain.WEEK, dt.date(2024, 1, 1), dt.date(2024, 4, 1))
WEEK = list(GRID)
REACH = Reach(lookback=3, grace=1, reference=4)


def declared(step, week: int = 8) -> DeclaredReads:
    return DeclaredReads(step, WEEK[week], GRID, REACH)


def test_the_windows_that_a_step_declares_may_be_read():
    declared(USER_INTERESTS_STEP).require("cleaned_tokens", WEEK[6:9])


@pytest.mark.parametrize("week", [5, 9])
def test_no_window_before_or_after_them_may_be(week):
    with pytest.raises(ContractError, match=f"user_interests of 2024-02-26 reads cleaned_tokens of {WEEK[week].key},"):
        declared(USER_INTERESTS_STEP).require("cleaned_tokens", [WEEK[week]])


def test_no_table_that_is_not_declared_may_be_read():
    with pytest.raises(
        ContractError, match="user_interests of 2024-02-26 reads segment_events, which its step does not"
    ):
        declared(USER_INTERESTS_STEP).require("segment_events", [WEEK[8]])


def test_all_windows_at_once_may_not_be_read():
    with pytest.raises(ContractError, match="reads all windows of cleaned_tokens"):
        declared(USER_INTERESTS_STEP).require("cleaned_tokens", None)


def test_what_was_just_written_may_be_read_back_and_no_other_window_of_it():
    declared(USER_INTERESTS_STEP).require("user_interests", [WEEK[8]])
    with pytest.raises(ContractError, match="user_interests of 2024-02-19"):
        declared(USER_INTERESTS_STEP).require("user_interests", [WEEK[7]])


def test_windows_between_the_one_compared_with_and_this_one_are_not_read():
    declared(DRIFT_METRICS_STEP).require("segment_identities", [WEEK[4], WEEK[8]])
    with pytest.raises(ContractError, match="segment_identities of 2024-02-05, 2024-02-12, 2024-02-19,"):
        declared(DRIFT_METRICS_STEP).require("segment_identities", WEEK[4:9])


def test_ids_are_read_of_every_window_before():
    declared(SEGMENT_IDENTITIES_STEP).require("segment_identities", WEEK[:9])
    with pytest.raises(ContractError, match="segment_identities of 2024-03-04"):
        declared(SEGMENT_IDENTITIES_STEP).require("segment_identities", [WEEK[9]])


def test_when_tables_were_loaded_may_always_be_read():
    declared(USER_INTERESTS_STEP).require("window_loads", None)


def test_every_table_has_one_writer_and_every_input_comes_before_its_reader():
    written = [table for step in LINE for table in step.writes]
    assert len(written) == len(set(written)) and set(written) <= set(TABLES)
    order = {step.name: place for place, step in enumerate(LINE)}
    for step in LINE:
        assert all(order[WRITERS[table].name] <= order[step.name] for table in step.reads), step.name


def test_a_step_makes_itself_stale_only_by_earlier_windows():
    for step, read in line_reads(REACH).items():
        windows = read.get(step)
        assert windows is None or max(windows) < 0, step
