import datetime as dt
from itertools import pairwise

import pytest

from interest_platform.domain.windows import Grain, Window, WindowGrid
from interest_platform.errors import SettingsError
from interest_platform.partitions import partitions_of

GRIDS = [
    WindowGrid(Grain.DAY, dt.date(2024, 2, 27), dt.date(2024, 3, 2)),
    WindowGrid(Grain.WEEK, dt.date(2024, 1, 1), dt.date(2024, 1, 22)),
    WindowGrid(Grain.MONTH, dt.date(2023, 11, 1), dt.date(2024, 3, 1)),
    WindowGrid(Grain.QUARTER, dt.date(2023, 7, 1), dt.date(2024, 4, 1)),
]


def test_weeks_are_half_open_and_begin_on_monday():
    first, second, third = GRIDS[1]
    assert (first.start, first.end) == (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8)) and second.start == first.end
    assert dt.datetime(2024, 1, 7, 23, 59, 59, 999999) in first and dt.datetime(2024, 1, 8) not in first
    assert third.key == "2024-01-15"


def test_months_follow_the_calendar_over_a_year_and_a_leap_day():
    assert [w.key for w in GRIDS[2]] == ["2023-11-01", "2023-12-01", "2024-01-01", "2024-02-01"]
    assert list(GRIDS[2])[-1].end == dt.datetime(2024, 3, 1)


def test_quarters_follow_the_calendar_over_a_year():
    assert [w.key for w in GRIDS[3]] == ["2023-07-01", "2023-10-01", "2024-01-01"]
    first, *_, last = GRIDS[3]
    assert GRIDS[3].shift(first, 5).key == "2024-10-01" and last.end == dt.datetime(2024, 4, 1)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: g.grain)
def test_windows_tile_the_grid_without_gap_or_overlap(grid):
    windows = list(grid)
    assert windows[0].start == dt.datetime.combine(grid.start, dt.time()) and windows[-1].end == grid.end_time
    assert all(a.end == b.start for a, b in pairwise(windows))


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: g.grain)
def test_dagster_partitions_are_the_same_windows(grid):
    definition = partitions_of(grid)
    assert definition.get_partition_keys() == [w.key for w in grid]
    for window in grid:
        bounds = definition.time_window_for_partition_key(window.key)
        assert (bounds.start.replace(tzinfo=None), bounds.end.replace(tzinfo=None)) == (window.start, window.end)


@pytest.mark.parametrize(
    ("grain", "start", "end", "told"),
    [
        (Grain.WEEK, dt.date(2024, 1, 2), None, "windows.start: 2024-01-02 is a Tuesday; .* must be a Monday"),
        (Grain.MONTH, dt.date(2024, 1, 1), dt.date(2024, 1, 31), "windows.end: .* must be the first of a month"),
        (Grain.QUARTER, dt.date(2024, 2, 1), None, "must be the first of January, April, July or October"),
        (Grain.DAY, dt.date(2024, 1, 2), dt.date(2024, 1, 2), "not after windows.start"),
    ],
)
def test_bounds_off_the_grain_are_refused_and_never_moved(grain, start, end, told):
    with pytest.raises(SettingsError, match=told):
        WindowGrid(grain, start, end)


def test_lookback_is_shorter_at_the_start_of_history():
    first, second, third = GRIDS[1]
    assert GRIDS[1].lookback(third, 2) == [second, third] and GRIDS[1].lookback(first, 5) == [first]


def test_a_window_is_closed_once_its_end_has_passed():
    grid = WindowGrid(Grain.WEEK, dt.date(2024, 1, 1))
    assert grid.closed(dt.datetime(2024, 1, 7, 23)) == []
    assert [w.key for w in grid.closed(dt.datetime(2024, 1, 15))] == ["2024-01-01", "2024-01-08"]


@pytest.mark.parametrize("key", ["2024-01-02", "2024-01-22", "2023-12-25", "w1"])
def test_a_key_that_is_no_window_is_one_clear_line(key):
    with pytest.raises(SettingsError, match=f"window '{key}'"):
        GRIDS[1].window(key)


def test_a_window_reads_as_its_interval():
    assert str(Window(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 8))) == "[2024-01-01, 2024-01-08)"
