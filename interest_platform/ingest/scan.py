"""One opened source: the rows of a window, and how many there are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.ingest import sql
from interest_platform.ingest.canonical import NATIVE_TIME, canonical, coarse_condition, of_windows, once
from interest_platform.ingest.files import escaped
from interest_platform.ingest.relations import Relation
from interest_platform.sources.rows import SOURCE_ROWS

VECTOR_SURVEY = 10_000
"""Vectors of a source from which the length of all is told."""


@dataclass(frozen=True)
class Scan:
    """Reads the rows of windows from `select`, the canonical rows of a relation or of their staged copy."""

    con: duckdb.DuckDBPyConnection
    relation: Relation
    select: str
    zone: str
    grid: WindowGrid
    now: datetime
    staged: bool

    def query(self, window: Window, what: str) -> str:
        """SELECT `what` of the rows that this window's run records."""
        if self.staged:
            return f"SELECT {what} FROM ({self.select}) WHERE {of_windows([window], self.grid, self.now)}"
        conditions = [once(of_windows([window], self.grid, self.now, "moment"))]
        if native := coarse_condition(self.relation, self.zone, window, self.grid):
            conditions.append(native)
        return f"SELECT {what} FROM ({self.select}) WHERE {' AND '.join(conditions)}"

    def rows(self, window: Window) -> pl.DataFrame:
        """The window's rows as `SOURCE_ROWS`, in the order of file and row. Raises `SourceError`."""
        with sql.telling(self.relation.source):
            found = self.con.execute(self.query(window, ", ".join(SOURCE_ROWS))).pl()
        named = pl.col("file").replace_strict(dict(self.relation.names), default=pl.col("file"), return_dtype=pl.String)
        return found.cast(SOURCE_ROWS).with_columns(named).sort("file", "row")

    def count(self, window: Window) -> int:
        """How many rows the window has, counted by DuckDB. Raises `SourceError`."""
        with sql.telling(self.relation.source):
            row = self.con.execute(self.query(window, "count(*)")).fetchone()
        return int(row[0]) if row else 0


def open_scan(
    con: duckdb.DuckDBPyConnection,
    relation: Relation,
    zone: str,
    grid: WindowGrid,
    windows: Sequence[Window],
    now: datetime,
    folder: Path,
) -> Scan:
    """A scan of the relation for these windows.

    Text files, and other sources whose time column can't be searched where several windows are asked for, are parsed
    once: the rows of the windows are staged in a Parquet file in `folder`, sorted by time. Raises `SourceError`.
    """
    rows = canonical(relation, zone)
    searchable = all(w == grid.first or coarse_condition(relation, zone, w, grid) for w in windows)
    if not relation.is_text and (len(windows) < 2 or searchable):
        return Scan(con, relation, rows, zone, grid, now, staged=False)
    staged = _stage(con, relation, rows, once(of_windows(windows, grid, now, "moment")), folder)
    return Scan(con, relation, f"SELECT * FROM {staged}", zone, grid, now, staged=True)


def _stage(con: duckdb.DuckDBPyConnection, relation: Relation, rows: str, wanted: str, folder: Path) -> str:
    """Part by part to Parquet, then all parts to one file in the order of time; SQL that reads it."""
    path = folder / f"{relation.source}.parquet"
    parts = []
    with sql.telling(relation.source):
        for number in relation.parts(con):
            part = folder / f"{relation.source}-{number}.part"
            found = f"SELECT * EXCLUDE ({NATIVE_TIME}) FROM ({rows}) WHERE {wanted}"
            con.execute(f"COPY ({found}) TO {sql.text(str(part))} (FORMAT parquet)")
            parts.append(part)
        if parts:
            ordered = f"SELECT * FROM {_parquet(*parts)} ORDER BY ts, file, row"
            con.execute(f"COPY ({ordered}) TO {sql.text(str(path))} (FORMAT parquet, ROW_GROUP_SIZE 20480)")
        else:
            pl.DataFrame(schema=SOURCE_ROWS).write_parquet(path)
        for part in parts:
            part.unlink()
    return _parquet(path)


def _parquet(*paths: Path) -> str:
    return f"read_parquet({sql.texts(escaped([str(path) for path in paths]))})"


def vector_length(con: duckdb.DuckDBPyConnection, relation: Relation, zone: str) -> int | None:
    """The most common length of the source's first vectors (of equals the longest); None where it maps no vector."""
    if "vector" not in relation.types:
        return None
    lengths: list[int] = []
    query = f"SELECT len(vector) FROM ({canonical(relation, zone)}) WHERE vector IS NOT NULL LIMIT {VECTOR_SURVEY}"
    for _ in relation.parts(con):
        with sql.telling(relation.source):
            lengths += [row[0] for row in con.execute(query).fetchall()]
        if len(lengths) >= VECTOR_SURVEY:
            break
    counts = Counter(lengths[:VECTOR_SURVEY])
    return max(counts, key=lambda n: (counts[n], n), default=0)
