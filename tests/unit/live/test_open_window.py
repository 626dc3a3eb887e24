from datetime import date, datetime, timedelta

import pytest

from interest_platform.domain.windows import Grain, Window, WindowGrid
from interest_platform.errors import LiveError
from interest_platform.live import open_window

GRID = WindowGrid(Grain.WEEK, date(2024, 1, 1), date(2024, 2, 5))
WEEKS = list(GRID)


def opened(as_of, loaded, with_segments=None, lookback=2, reach=3):
    identified = [WEEKS[n] for n in loaded]
    segmented = identified if with_segments is None else [WEEKS[n] for n in with_segments]
    return open_window(GRID, as_of, identified, segmented, lookback=lookback, reach=reach)


def test_the_window_after_the_newest_is_open_and_its_texts_are_the_sources():
    moment = datetime(2024, 1, 17, 12)
    found = opened(moment, [0, 1])
    assert (found.window, found.base) == (WEEKS[2], WEEKS[1])
    assert found.known == (WEEKS[1],)
    assert found.unread == (Window(WEEKS[2].start, moment),)


def test_a_window_is_open_until_its_very_end_and_the_next_from_the_moment_after():
    assert opened(WEEKS[2].end, [0, 1]).window == WEEKS[2]
    assert opened(WEEKS[2].end + timedelta(microseconds=1), [0, 1]).window == WEEKS[3]


def test_the_window_that_just_closed_is_bridged_while_it_is_not_loaded():
    moment = datetime(2024, 1, 22, 0, 10)
    found = opened(moment, [0, 1], lookback=3)
    assert (found.window, found.base) == (WEEKS[3], WEEKS[1])
    assert found.known == (WEEKS[1],)
    assert found.unread == (WEEKS[2], Window(WEEKS[3].start, moment))


def test_texts_that_the_lookback_does_not_reach_are_not_read():
    found = opened(datetime(2024, 1, 23), [0, 1], lookback=1)
    assert found.known == ()
    assert found.unread == (Window(WEEKS[3].start, datetime(2024, 1, 23)),)


def test_a_loaded_window_without_segments_is_no_base():
    found = opened(datetime(2024, 1, 23), [0, 1, 2], with_segments=[0, 1])
    assert (found.window, found.base) == (WEEKS[3], WEEKS[1])


def test_nothing_is_open_after_the_grids_end_which_itself_belongs_to_the_last_window():
    assert opened(WEEKS[4].end, [0, 1, 2, 3]).window == WEEKS[4]
    assert opened(WEEKS[4].end + timedelta(seconds=1), [0, 1, 2, 3, 4]) is None


@pytest.mark.parametrize(
    ("as_of", "loaded", "told"),
    [
        (datetime(2024, 1, 1), [], "is not after windows.start 2024-01-01"),
        (datetime(2024, 1, 3), [], "no window has segments yet"),
        (datetime(2024, 1, 12), [0, 1], r"\[2024-01-08, 2024-01-15\) is loaded.* after 2024-01-15 00:00:00"),
        (datetime(2024, 1, 15), [0, 1], "is loaded"),
        (datetime(2024, 1, 30), [0], "interest run --from 2024-01-08 --to 2024-01-29"),
    ],
)
def test_what_there_is_nothing_to_go_on_from_for_is_one_line(as_of, loaded, told):
    with pytest.raises(LiveError, match=told) as error:
        opened(as_of, loaded)
    assert "\n" not in str(error.value)


def test_windows_without_any_segment_are_told_apart_from_windows_that_are_not_loaded():
    with pytest.raises(LiveError, match="none of the 3 windows before"):
        opened(datetime(2024, 1, 23), [0, 1, 2], with_segments=[])
