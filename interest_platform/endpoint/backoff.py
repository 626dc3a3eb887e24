"""How long to wait before the next try."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE_SECONDS = 0.5
LONGEST_SECONDS = 30.0
"""Of one wait that no server asked for."""


def backoff(attempt: int, jitter: random.Random) -> float:
    """Seconds before try `attempt` + 1 (the first is 0): uniform in [0, 0.5 * 2 ** attempt], at most 30.

    "Full jitter" of Brooker 2015, "Exponential Backoff And Jitter": many clients that were refused at once do not
    come back at once.
    """
    return jitter.uniform(0, min(LONGEST_SECONDS, BASE_SECONDS * 2 ** min(attempt, 10)))


def asked_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).

    None where it does not say, or says something unreadable.
    """
    if (seconds := _number(headers.get("retry-after-ms"))) is not None:
        return seconds / 1000
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        until = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None
