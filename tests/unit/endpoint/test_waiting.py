import random
from datetime import UTC, datetime

import pytest

from interest_platform.endpoint.backoff import LONGEST_SECONDS, asked_wait, backoff
from interest_platform.endpoint.pace import Pace


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Mon, 01 Jan 2024 00:01:00 GMT"}, 60),
        ({"retry-after": "Mon, 01 Jan 2023 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_wait_a_server_asks_for(headers, seconds):
    assert asked_wait(headers, datetime(2024, 1, 1, tzinfo=UTC)) == seconds


def test_waits_double_are_spread_evenly_and_have_an_end():
    jitter = random.Random(0)
    for attempt, most in [(0, 0.5), (1, 1.0), (3, 4.0), (10, LONGEST_SECONDS), (2000, LONGEST_SECONDS)]:
        waits = [backoff(attempt, jitter) for _ in range(400)]
        assert 0 <= min(waits) < most * 0.1 and most * 0.9 < max(waits) <= most
        assert sum(waits) / 400 == pytest.approx(most / 2, rel=0.1)


def test_requests_are_spaced_by_the_tighter_of_two_limits():
    pace = Pace(requests_per_minute=60, tokens_per_minute=6_000, clock=Clock())
    # 1 s a request; 100 tokens a second, so that 300 tokens take 3 s
    assert [pace.turn(n) for n in (10, 300, 10, 10)] == pytest.approx([0, 1, 4, 5])


def test_time_that_has_passed_is_not_waited_again_nor_saved_up():
    clock = Clock()
    pace = Pace(requests_per_minute=60, clock=clock)
    assert pace.turn(1) == 0
    clock.now += 10
    assert [pace.turn(1), pace.turn(1)] == pytest.approx([0, 1])


def test_a_pause_is_for_everyone_and_never_shortens_another():
    pace = Pace(clock=Clock())
    pace.pause(5)
    pace.pause(2)
    assert pace.turn(1) == pace.turn(1) == pytest.approx(5)
