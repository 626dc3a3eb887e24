"""What was noticed, by kind and size: the rows of planted_events."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from interest_platform.domain.dynamics_tables import PLANTED_EVENTS
from interest_platform.dynamics.planted.plan import CHANGES, MOVE

ALL = "all"
NINE_OF_TEN = 0.9


@dataclass(frozen=True)
class Tally:
    """Counts of changes of one kind and size."""

    planted: int = 0
    noticed: int = 0
    false: int = 0
    alarms: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.planted + other.planted,
            self.noticed + other.noticed,
            self.false + other.false,
            self.alarms + other.alarms,
        )

    @property
    def recall(self) -> float:
        """noticed / planted; planted is not 0."""
        return self.noticed / self.planted

    @property
    def precision(self) -> float | None:
        """noticed / reported; None where nothing was reported."""
        reported = self.noticed + self.false
        return self.noticed / reported if reported else None


Tallies = Mapping[tuple[str, float], Tally]
"""By kind and size. A kind may have false reports at a size at which it was not planted."""


def planted_rows(tallies: Tallies) -> pl.DataFrame:
    """The columns of planted_events without window_start, sorted: a row a kind and size that was planted, and `all`
    over the four changes of segments."""
    rows = []
    for kind in (*CHANGES, MOVE, ALL):
        of_kind = _of_kind(tallies, kind)
        smallest = smallest_noticed({size: tally.recall for size, tally in of_kind.items()})
        rows += [_row(kind, size, tally, smallest) for size, tally in of_kind.items()]
    empty = PLANTED_EVENTS.empty().drop("window_start")
    return pl.DataFrame(rows, empty.schema).sort("kind", "size") if rows else empty


def smallest_noticed(recalls: Mapping[float, float]) -> float | None:
    """The smallest size at which, and at every larger one, nine of ten are noticed.

    >>> smallest_noticed({0.02: 1.0, 0.05: 0.5, 0.1: 0.9, 0.2: 1.0}), smallest_noticed({0.02: 1.0, 0.05: 0.8})
    (0.1, None)
    """
    smallest = None
    for size in sorted(recalls, reverse=True):
        if recalls[size] < NINE_OF_TEN:
            break
        smallest = size
    return smallest


def planted_in(rows: pl.DataFrame, least: float) -> Tally:
    """All changes of segments of at least this size, over the rows of a window."""
    of_size = rows.filter((pl.col("kind") == ALL) & (pl.col("size") >= least))
    return Tally(*(int(of_size[name].sum()) for name in ("planted", "noticed", "false_events", "alarms")))


def _of_kind(tallies: Tallies, kind: str) -> dict[float, Tally]:
    kinds, sums = CHANGES if kind == ALL else (kind,), dict[float, Tally]()
    for (one, size), tally in sorted(tallies.items()):
        if one in kinds:
            sums[size] = sums.get(size, Tally()) + tally
    return {size: tally for size, tally in sums.items() if tally.planted}


def _row(kind: str, size: float, tally: Tally, smallest: float | None) -> dict[str, object]:
    return {
        "kind": kind,
        "size": size,
        "planted": tally.planted,
        "noticed": tally.noticed,
        "false_events": tally.false,
        "precision": tally.precision,
        "recall": tally.recall,
        "alarms": tally.alarms,
        "smallest_noticed": smallest,
    }
