"""The events of the segments' lives, and their tables."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from interest_platform.report.history import History
from interest_platform.report.marks import EVENTS


class Event(NamedTuple):
    """A split, merge, birth or death into the window of a number, with the ids of parents and children, sorted."""

    into: int
    kind: str
    parents: list[str]
    children: list[str]
    users_moved: int
    score: float


def happened_in(history: History, events: pl.DataFrame) -> list[Event]:
    """The events into the shown windows, but for the first: there everything begins, which is where the record starts.

    Survivals are left out: they are the lanes themselves.
    """
    number_of = {start: i for i, start in enumerate(history.windows)}
    rows = events.filter(pl.col("kind").is_in(list(EVENTS))).sort("window_start", "event_no")
    columns = ["window_start", "kind", "parents", "children", "users_moved", "score"]
    return [
        Event(number_of[start], kind, sorted(parents or []), sorted(children or []), moved, score)
        for start, kind, parents, children, moved, score in rows.select(columns).iter_rows()
        if number_of.get(start)
    ]


def events_table(history: History, events: Sequence[Event]) -> pl.DataFrame:
    """The events as people read them, the newest first."""
    rows = [
        (
            history.keys[e.into],
            e.kind,
            _labels(history, e.parents),
            _labels(history, e.children),
            e.users_moved,
            e.score,
        )
        for e in sorted(events, key=lambda e: -e.into)
    ]
    schema = {"into window": pl.String, "event": pl.String, "parents": pl.String, "children": pl.String}
    return pl.DataFrame(rows, schema=schema | {"users moved": pl.Int64, "probability": pl.Float64}, orient="row")


def sizes_table(history: History) -> pl.DataFrame:
    """A row for each segment with its members in each window; null where it is not."""
    segments = list(history.segments.values())
    columns = {key: [s.sizes.get(w) for s in segments] for w, key in enumerate(history.keys)}
    sizes = pl.DataFrame(columns, schema=dict.fromkeys(history.keys, pl.Int64))
    return sizes.select(pl.Series("segment", [s.label for s in segments], pl.String), pl.all())


def _labels(history: History, ids: list[str]) -> str:
    return ", ".join(history.label(i, "") for i in ids)
