"""What restating windows has changed: segment ids and events, window by window."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

Told = tuple[str, tuple[str, ...], tuple[str, ...]]
"""An event as kind, parents, children."""


@dataclass(frozen=True)
class Difference:
    """What one window has no more, and what it has instead. Ids and events are sorted.

    `users` counts those who are in another segment than before, of the users who are in the window both times.
    """

    window_start: datetime
    ids_gone: list[str]
    ids_new: list[str]
    events_gone: list[Told]
    events_new: list[Told]
    users: int

    @property
    def is_any(self) -> bool:
        """Whether anything differs."""
        return bool(self.ids_gone or self.ids_new or self.events_gone or self.events_new or self.users)


@dataclass(frozen=True)
class Segments:
    """Rows of some windows: `events` of segment_events, `users` of window_start, user_key, segment_id."""

    events: pl.DataFrame
    users: pl.DataFrame


def differences(starts: Iterable[datetime], before: Segments, after: Segments) -> list[Difference]:
    """One difference a window, also where nothing differs, in the order given.

    A user with several interests is where the user's strongest is; a segment counts as there where it has a user.
    """
    return [_difference(start, before, after) for start in starts]


def _difference(start: datetime, before: Segments, after: Segments) -> Difference:
    (was, then), (now, there) = _of(start, before), _of(start, after)
    moved = sum(there[user] != segment for user, segment in then.items() if user in there)
    ids, ids_now = set(then.values()), set(there.values())
    return Difference(start, sorted(ids - ids_now), sorted(ids_now - ids), sorted(was - now), sorted(now - was), moved)


def _of(start: datetime, told: Segments) -> tuple[set[Told], dict[str, str]]:
    here = pl.col("window_start") == start
    rows = told.events.filter(here).select("kind", "parents", "children").iter_rows()
    events = {(kind, tuple(parents), tuple(children)) for kind, parents, children in rows}
    return events, dict(told.users.filter(here).select("user_key", "segment_id").iter_rows())
