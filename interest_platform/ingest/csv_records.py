"""CSV as it is found: quoted line breaks, bytes that are not UTF-8, and lines that are no record.

Python's parser and not DuckDB's: which rows are bad, their number, and where reading goes on after a stray quote must
be the same in every run, and a bad byte may cost only its own row.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from interest_platform.errors import SourceError
from interest_platform.ingest.lines import Line, read_lines

DELIMITERS = (",", ";", "\t", "|")
MAX_FIELD = 16 * 2**20
"""Characters of the longest field: after so many, an open quote is taken for a stray one."""


@dataclass(slots=True)
class Record:
    """A data row, counted from 1. `fields` is None where the line is no record; `error` then says why."""

    row: int
    fields: list[str] | None
    is_utf8: bool
    size: int
    error: str | None = None


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: its delimiter and the names in its first line."""

    delimiter: str
    header: list[str]


def layout(path: str, wanted: list[str]) -> Layout:
    """The first delimiter that gives the wanted columns, else the one that gives most. Raises `SourceError`."""
    first = next(iter(read_lines(path)), None)
    if first is None:
        raise SourceError("the file is empty: a CSV file starts with a line of column names")
    if not first.is_utf8:
        raise SourceError("no CSV file in UTF-8: its first line, the column names, holds other bytes")
    layouts = [Layout(d, _header(first.text, d)) for d in DELIMITERS]
    fitting = [x for x in layouts if set(wanted) <= set(x.header)]
    return fitting[0] if fitting else max(layouts, key=lambda x: len(x.header))


def _header(line: str, delimiter: str) -> list[str]:
    try:
        return [column.strip() for column in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


class _Feed:
    """Lines to the parser, remembered until its record is complete so that they can be read anew."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.lines = lines
        self.again: list[Line] = []
        self.taken: list[Line] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self.again.pop() if self.again else next(self.lines)
        self.taken.append(line)
        return line.text


def records(path: str, found: Layout) -> Iterator[Record]:
    """The file's data rows. A line with a stray quote is one malformed row; reading goes on at the next line."""
    csv.field_size_limit(MAX_FIELD)
    feed = _Feed(islice(read_lines(path), 1, None))
    reader = csv.reader(feed, delimiter=found.delimiter, strict=True)
    width, row = len(found.header), 0
    while True:
        feed.taken.clear()
        error: str | None = None
        fields: list[str] | None = None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            error = str(fault)
            feed.again.extend(reversed(feed.taken[1:]))
            del feed.taken[1:]
            reader = csv.reader(feed, delimiter=found.delimiter, strict=True)
        if fields == [] or (fields is None and not feed.taken):
            continue
        row += 1
        if fields is not None and len(fields) != width:
            error = f"{len(fields)} fields, the header has {width}"
            fields = None
        yield Record(row, fields, all(x.is_utf8 for x in feed.taken), sum(x.size for x in feed.taken), error)
