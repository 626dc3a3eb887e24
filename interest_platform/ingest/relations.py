"""A source as a relation: in every format, rows with their place, their state and the mapped columns as they came."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from interest_platform.errors import SourceError
from interest_platform.ingest import sql, times

STREAM = "source_stream"
"""The name under which a text file's batches are known to DuckDB while they are read."""


@dataclass(frozen=True)
class Wanted:
    """Our names to the source's: columns that must be there, and columns that are used where they are."""

    required: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, str]:
        """Both together."""
        return {**self.required, **self.optional}

    def check(self, source: str, file: str, there: list[str]) -> None:
        """Raise `SourceError` unless the file has every required column, once."""
        for ours, theirs in self.required.items():
            if theirs not in there:
                told = ", ".join(there) or "none"
                hint = "" if ours == theirs else f" (our {ours})"
                raise SourceError(f"source {source}: {file} has no column {theirs!r}{hint}; its columns: {told}")
        for theirs in self.all.values():
            if there.count(theirs) > 1:
                raise SourceError(
                    f"source {source}: {file} has {there.count(theirs)} columns {theirs!r}; one is allowed"
                )


@dataclass(frozen=True)
class Relation:
    """What can be queried of a source.

    `select` is a SELECT of `file`, `row` (from 1), `state`, `error`, `bytes` (`SOURCE_ROWS`), and of each column of
    `types` (our name to its DuckDB type) as `raw_<name>`. `names` maps the values of `file` to those of `row_ref`.
    `stream` makes the batches of text files. `unix_unit` is that of a time column of whole numbers (`times.unix_unit`).
    """

    source: str
    select: str
    types: Mapping[str, str]
    names: Mapping[str, str]
    stream: Callable[[], Iterator[pa.Table]] | None = None
    unix_unit: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether the rows come in parts, parsed anew from the files' start each time they are asked for."""
        return self.stream is not None

    def parts(self, con: duckdb.DuckDBPyConnection) -> Iterator[int]:
        """Numbers of the parts of the rows, from 0: while one is current, `select` gives its rows.

        A part is one batch of text files, so that memory is bounded and Ctrl-C is heard between two; all rows of other
        sources are one part. Raises `SourceError`, naming the source.
        """
        if self.stream is None:
            yield 0
            return
        with telling_place(f"source {self.source}"):
            for number, batch in enumerate(self.stream()):
                con.register(STREAM, batch)
                yield number
                con.unregister(STREAM)


@contextmanager
def telling_place(place: str) -> Iterator[None]:
    """Put the place before what a `SourceError` says."""
    try:
        yield
    except SourceError as error:
        raise SourceError(f"{place}: {error}") from error


def describe(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    """Column names and DuckDB types of a query, in order."""
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {query}").fetchall()}


def unix_unit_of(con: duckdb.DuckDBPyConnection, select: str, types: Mapping[str, str]) -> int | None:
    """The `unix_unit` of a relation's time column; None where it is not of whole numbers."""
    if types["ts"] not in times.INTEGERS:
        return None
    found = con.execute(f"SELECT min(raw_ts), max(raw_ts) FROM ({select})").fetchone()
    return times.unix_unit(*found) if found and found[0] is not None else None


def raw_columns(columns: Mapping[str, str]) -> str:
    """SQL that selects the source's columns as `raw_<our name>`."""
    return ", ".join(f"{sql.name(theirs)} AS raw_{ours}" for ours, theirs in columns.items())


NOTHING_WRONG = "CAST(NULL AS VARCHAR) AS state, CAST(NULL AS VARCHAR) AS error, CAST(NULL AS BIGINT) AS bytes"
"""State of rows whose format leaves no row broken."""
