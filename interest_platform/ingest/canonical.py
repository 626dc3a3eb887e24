"""From a relation to `SOURCE_ROWS`, in SQL, so that DuckDB filters by time while it scans."""

from collections.abc import Sequence
from datetime import datetime

from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.ingest import sql, times
from interest_platform.ingest.fields import KINDS, SQL_TYPES, Field, field, wrong_entry
from interest_platform.ingest.relations import Relation

NATIVE_TIME = "native_ts"
"""The time column as it lies in the file, kept for the condition that lets a scan skip row groups."""


def canonical(relation: Relation, zone: str) -> str:
    """A SELECT of the columns of `SOURCE_ROWS` and of `native_ts`."""
    made = {ours: field(KINDS[ours], f"raw_{ours}", kind) for ours, kind in relation.types.items() if ours in KINDS}
    values = [f"{_value(ours, made.get(ours))} AS {ours}" for ours in KINDS]
    ts_type = relation.types["ts"]
    return f"""SELECT file, row, {_state(made)} AS state, error, bytes,
        {times.utc("raw_ts", ts_type, zone)} AS ts, {times.told("raw_ts", ts_type)} AS ts_text,
        {", ".join(values)}, {_wrong(made, relation)} AS wrong, raw_ts AS {NATIVE_TIME} FROM ({relation.select})"""


def _value(ours: str, made: Field | None) -> str:
    return made.value if made else f"CAST(NULL AS {SQL_TYPES[KINDS[ours]]})"


def _state(made: dict[str, Field]) -> str:
    tests = [f.not_utf8 for f in made.values() if f.not_utf8]
    return f"CASE WHEN {' OR '.join(tests)} THEN 'not_utf8' ELSE state END" if tests else "state"


def _wrong(made: dict[str, Field], relation: Relation) -> str:
    entries = [wrong_entry(o, f"raw_{o}", relation.types[o], f.wrong) for o, f in made.items() if f.wrong]
    if not entries:
        return "CAST(NULL AS VARCHAR)"
    found = f"list_filter([{', '.join(entries)}], lambda entry: entry IS NOT NULL)"
    # most rows are fine: the list is built for the others only
    tests = " OR ".join(f.wrong for f in made.values() if f.wrong)
    return f"CASE WHEN {tests} THEN CAST(to_json({found}) AS VARCHAR) END"


def of_windows(windows: Sequence[Window], grid: WindowGrid, now: datetime, column: str = "ts") -> str:
    """The condition on a UTC time for the rows that the runs of these windows record.

    Those are the rows of `[start, end)` up to `now`, and for the grid's first window also the rows of no window:
    without a readable time, before the grid's start, or later than `now`.
    """
    tests = [
        f"{column} >= {sql.moment(start)} AND {column} < {sql.moment(end)} AND {column} <= {sql.moment(now)}"
        for start, end in _ranges(windows)
    ]
    if grid.first in windows:
        tests += [f"{column} IS NULL", f"{column} < {sql.moment(grid.first.start)}", f"{column} > {sql.moment(now)}"]
    return f"({' OR '.join(f'({test})' for test in tests)})" if tests else "false"


def once(condition_on_moment: str) -> str:
    """A condition written on `moment`, applied to `ts` so that DuckDB computes a computed `ts` once a row.

    A plain filter is pushed below the projection by repeating the expression in every comparison.
    """
    return f"len(list_filter([ts], lambda moment: {condition_on_moment})) = 1"


def _ranges(windows: Sequence[Window]) -> list[tuple[datetime, datetime]]:
    ranges: list[tuple[datetime, datetime]] = []
    for window in sorted(windows):
        if ranges and ranges[-1][1] == window.start:
            ranges[-1] = (ranges[-1][0], window.end)
        else:
            ranges.append((window.start, window.end))
    return ranges


def coarse_condition(relation: Relation, zone: str, window: Window, grid: WindowGrid) -> str | None:
    """A condition on `native_ts` that holds for every row of the window; None where there is none."""
    if window == grid.first:
        return None
    ts_type, unit = relation.types["ts"], relation.unix_unit
    return times.coarse(NATIVE_TIME, ts_type, zone, window.start, window.end, unit)
