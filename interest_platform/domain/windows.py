"""Half-open windows of time `[start, end)` in UTC, laid on a grid of days, weeks (from Monday) or months.

Times are naive `datetime`s that mean UTC, as the lake's `TIMESTAMP` columns do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from interest_platform.errors import SettingsError


class Grain(StrEnum):
    """How long a window is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"

    @property
    def months(self) -> int:
        """Months in a window; 0 where it is counted in days."""
        return {Grain.MONTH: 1, Grain.QUARTER: 3}.get(self, 0)


def utc_now() -> datetime:
    """The present as a naive UTC time."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True, order=True)
class Window:
    """`[start, end)` in UTC; its key (`2002-07-01`) is also its partition key."""

    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """The start's date: the partition key."""
        return f"{self.start:%Y-%m-%d}"

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"[{self.start:%Y-%m-%d}, {self.end:%Y-%m-%d})"


def _next(start: datetime, grain: Grain, steps: int = 1) -> datetime:
    if grain.months:
        months = start.year * 12 + start.month - 1 + steps * grain.months
        return start.replace(year=months // 12, month=months % 12 + 1)
    return start + timedelta(days=steps * (7 if grain is Grain.WEEK else 1))


def _on_grid(day: date, grain: Grain) -> bool:
    if grain.months:
        return day.day == 1 and (day.month - 1) % grain.months == 0
    return grain is Grain.DAY or day.weekday() == 0


@dataclass(frozen=True)
class WindowGrid:
    """All windows from `start` until `end` (exclusive; `None`: without end).

    Raises `SettingsError` where `start` or `end` does not lie on the grain, or `end` is not after `start`.
    """

    grain: Grain
    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that would silently be moved to the next boundary."""
        allowed = {
            Grain.WEEK: "a Monday",
            Grain.MONTH: "the first of a month",
            Grain.QUARTER: "the first of January, April, July or October",
        }.get(self.grain, "any day")
        for name, day in (("start", self.start), ("end", self.end)):
            if day is not None and not _on_grid(day, self.grain):
                raise SettingsError(
                    f"windows.{name}: {day} is a {day:%A}; with grain {self.grain} it must be {allowed}"
                )
        if self.end is not None and self.end <= self.start:
            raise SettingsError(f"windows.end: {self.end} is not after windows.start {self.start} (end is exclusive)")

    @property
    def first(self) -> Window:
        """The first window of the grid."""
        start = datetime(self.start.year, self.start.month, self.start.day)
        return Window(start, _next(start, self.grain))

    @property
    def end_time(self) -> datetime:
        """Where the grid ends: midnight of `end`, or the end of time."""
        return datetime.max if self.end is None else datetime(self.end.year, self.end.month, self.end.day)

    def __iter__(self) -> Iterator[Window]:
        window = self.first
        while window.start < self.end_time:
            yield window
            window = self.shift(window, 1)

    def shift(self, window: Window, steps: int) -> Window:
        """The window `steps` after (or, negative, before) this one; it may lie outside the grid."""
        start = _next(window.start, self.grain, steps)
        return Window(start, _next(start, self.grain))

    def open_at(self, moment: datetime) -> Window | None:
        """The window that has all texts just before `moment`: of `(start, end]`; None outside the grid.

        >>> WindowGrid(Grain.DAY, date(2024, 1, 1)).open_at(datetime(2024, 1, 2)).key
        '2024-01-01'
        """
        if not self.first.start < moment <= self.end_time:
            return None
        return next(window for window in self if moment <= window.end)

    def has_boundary(self, day: date) -> bool:
        """Whether a window begins or ends on that day."""
        return _on_grid(day, self.grain) and self.start <= day and (self.end is None or day <= self.end)

    def closed(self, now: datetime) -> list[Window]:
        """The windows whose end has passed at `now`, oldest first."""
        windows = []
        for window in self:
            if window.end > now:
                break
            windows.append(window)
        return windows

    def between(self, start: datetime, end: datetime, now: datetime) -> list[Window]:
        """The closed windows that start in `[start, end)`."""
        return [w for w in self.closed(now) if start <= w.start < end]

    def window(self, key: str) -> Window:
        """The window of a partition key. Raises `SettingsError` where the grid has no such window."""
        try:
            start = datetime.strptime(key, "%Y-%m-%d")
        except ValueError:
            raise SettingsError(f"window {key!r} is not a date such as {self.first.key}") from None
        window = Window(start, _next(start, self.grain))
        if not _on_grid(start.date(), self.grain) or not self.first.start <= start < self.end_time:
            raise SettingsError(f"window {key!r} is none of the grid's: {self.grain}s from {self.start} to {self.end}")
        return window

    def lookback(self, window: Window, windows: int) -> list[Window]:
        """This window and up to `windows - 1` before it, oldest first; shorter at the start of history."""
        back = [self.shift(window, -i) for i in reversed(range(windows))]
        return [w for w in back if w.start >= self.first.start]
