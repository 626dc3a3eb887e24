"""CSV and JSON lines as relations: streams of batches, each at most so large, however large the files."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

import duckdb
import pyarrow as pa

from interest_platform.errors import SourceError
from interest_platform.ingest import csv_records, sql
from interest_platform.ingest.csv_records import Layout, Record
from interest_platform.ingest.files import Dataset, File
from interest_platform.ingest.lines import Line, read_lines
from interest_platform.ingest.relations import STREAM, Relation, Wanted, telling_place

T = TypeVar("T")
BATCH_ROWS = 20_000
BATCH_BYTES = 16 * 2**20
SURVEY_ROWS = 1_000
"""Rows in which the columns of a file are looked for first; only where one is missing, in all of it."""

_PLACE = [
    pa.field("file", pa.string()),
    pa.field("row", pa.int64()),
    pa.field("state", pa.string()),
    pa.field("error", pa.string()),
    pa.field("bytes", pa.int64()),
]


def csv_files(source: str, dataset: Dataset, wanted: Wanted) -> Relation:
    """CSV files with a line of column names; every column is text. Raises `SourceError`."""
    layouts = [_checked_layout(source, file, wanted) for file in dataset.files]
    columns = {o: t for o, t in wanted.all.items() if any(t in x.header for x in layouts)}
    schema = pa.schema(_PLACE + [pa.field(f"raw_{ours}", pa.string()) for ours in columns])

    def stream() -> Iterator[pa.Table]:
        for file, found in zip(dataset.files, layouts, strict=True):
            places = [found.header.index(t) if t in found.header else None for t in columns.values()]
            with telling_place(file.name):
                for batch in _batches(csv_records.records(file.path, found), lambda r: r.size):
                    yield _csv_table(file.name, batch, places, schema)

    # an empty field is how CSV writes that there is none
    values = "".join(f", nullif(raw_{ours}, '') AS raw_{ours}" for ours in columns)
    select = f"SELECT file, row, state, error, bytes{values} FROM {STREAM}"
    return Relation(source, select, dict.fromkeys(columns, "VARCHAR"), _names(dataset), stream)


def _checked_layout(source: str, file: File, wanted: Wanted) -> Layout:
    with telling_place(f"source {source}: {file.name}"):
        found = csv_records.layout(file.path, list(wanted.required.values()))
    wanted.check(source, file.name, found.header)
    with telling_place(f"source {source}: {file.name}"):
        rows = csv_records.records(file.path, found)
        head = list(islice(rows, SURVEY_ROWS))
        if head and not any(r.fields for r in head) and not any(r.fields for r in rows):
            raise SourceError(f"no row is CSV with the fields of the header; row 1: {head[0].error}")
    return found


def _csv_table(name: str, rows: list[Record], places: list[int | None], schema: pa.Schema) -> pa.Table:
    good = [r for r in rows if r.fields is not None]
    bad = [r for r in rows if r.fields is None]
    across = list(zip(*(r.fields or [] for r in good), strict=True))
    nothing = [None] * len(bad)
    values = [[*(across[i] if across and i is not None else [None] * len(good)), *nothing] for i in places]
    states = [None if r.is_utf8 else "not_utf8" for r in good] + ["malformed"] * len(bad)
    ordered = good + bad
    place = [[name] * len(ordered), [r.row for r in ordered], states]
    place += [[r.error for r in ordered], [r.size for r in ordered]]
    return pa.table([pa.array(v, f.type) for v, f in zip(place + values, schema, strict=True)], schema=schema)


def json_lines(con: duckdb.DuckDBPyConnection, source: str, dataset: Dataset, wanted: Wanted) -> Relation:
    """Files with one JSON object a line; blank lines are no rows. Raises `SourceError`."""
    schema = pa.schema([*_PLACE, pa.field("line", pa.string())])
    for file in dataset.files:
        _check_keys(con, source, file, wanted)
    columns = wanted.all

    def stream() -> Iterator[pa.Table]:
        for file in dataset.files:
            with telling_place(file.name):
                first = 1
                for batch in _batches(_filled_lines(file.path), lambda x: x.size):
                    yield _json_table(file.name, first, batch, schema)
                    first += len(batch)

    paths = sql.texts([_pointer(t) for t in columns.values()])
    values = "".join(f", parts[{i}] AS raw_{ours}" for i, ours in enumerate(columns, 1))
    # json_type of a line that is no JSON would be an error, hence the two steps
    select = f"""SELECT file, row, CASE WHEN kind <> 'OBJECT' THEN 'malformed' ELSE state END AS state,
        CASE WHEN kind = '' THEN 'not valid JSON' WHEN kind <> 'OBJECT' THEN 'JSON, but no object' END AS error,
        bytes{values}
        FROM (SELECT *, CASE WHEN kind = 'OBJECT' THEN json_extract(line, {paths}) END AS parts
        FROM (SELECT *, CASE WHEN json_valid(line) THEN json_type(line) ELSE '' END AS kind FROM {STREAM}))"""
    return Relation(source, select, dict.fromkeys(columns, "JSON"), _names(dataset), stream)


def _json_table(name: str, first: int, lines: list[Line], schema: pa.Schema) -> pa.Table:
    count = len(lines)
    columns = [
        [name] * count,
        range(first, first + count),
        [None if x.is_utf8 else "not_utf8" for x in lines],
        [None] * count,
        [x.size for x in lines],
        [x.text for x in lines],
    ]
    return pa.table([pa.array(v, f.type) for v, f in zip(columns, schema, strict=True)], schema=schema)


def _check_keys(con: duckdb.DuckDBPyConnection, source: str, file: File, wanted: Wanted) -> None:
    """Look for the required keys in the file's first rows and, only where one is missing there, in all of it."""
    with telling_place(f"source {source}: {file.name}"):
        lines = _filled_lines(file.path)
        head = list(islice(lines, SURVEY_ROWS))
        objects, keys = _survey(con, head)
        if set(wanted.required.values()) - set(keys):
            for batch in _batches(lines, lambda x: x.size):
                more_objects, more = _survey(con, batch)
                objects += more_objects
                keys += [k for k in more if k not in keys]
        if head and not objects:
            raise SourceError("no line is a JSON object; JSON lines hold one object a line")
    if head:
        wanted.check(source, file.name, keys)


def _survey(con: duckdb.DuckDBPyConnection, lines: list[Line]) -> tuple[int, list[str]]:
    """How many of the lines are JSON objects, and their keys in the order they first come."""
    objects = (
        "SELECT CASE WHEN json_valid(line) THEN "
        "CASE WHEN json_type(line) = 'OBJECT' THEN json_keys(line) END END AS keys "
        "FROM (SELECT unnest($1::VARCHAR[]) AS line)"
    )
    found = con.execute(
        f"SELECT keys, count(*) FROM ({objects}) WHERE keys IS NOT NULL GROUP BY ALL", [[x.text for x in lines]]
    )
    rows = sorted(found.fetchall(), key=lambda row: (-row[1], row[0]))
    return sum(n for _, n in rows), list(dict.fromkeys(key for keys, _ in rows for key in keys))


def _filled_lines(path: str) -> Iterator[Line]:
    return (line for line in read_lines(path) if not line.text.isspace())


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _batches(rows: Iterator[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    batch: list[T] = []
    held = 0
    for row in rows:
        batch.append(row)
        held += size(row)
        if len(batch) >= BATCH_ROWS or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _names(dataset: Dataset) -> dict[str, str]:
    return {file.name: file.name for file in dataset.files}
