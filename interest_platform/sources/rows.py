"""What a row of a source is, whatever format it came in, and what is asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

SOURCE_ROWS = pl.Schema(
    {
        "file": pl.String(),
        "row": pl.Int64(),
        "state": pl.String(),
        "error": pl.String(),
        "bytes": pl.Int64(),
        "ts": pl.Datetime("us"),
        "ts_text": pl.String(),
        "user_id": pl.String(),
        "item_id": pl.String(),
        "text": pl.String(),
        "rating": pl.Float64(),
        "category": pl.String(),
        "lang": pl.String(),
        "vector": pl.List(pl.Float64()),
        "wrong": pl.String(),
    }
)
"""The rows of a source before they are judged.

`file` and `row` (from 1) say where a row stands. `state` is `malformed` (then nothing below `bytes` is known, and
`error` says what is wrong), `not_utf8`, or null. `ts` is the time in UTC, null where `ts_text`, the time as it came,
can't be read. `wrong` is a JSON list of the fields whose value has a type the field can't have (their column here
is null): `{"field", "kind", "value"}`, the value as JSON text, null for the user, whose id must not get further.
"""


@dataclass(frozen=True)
class Rules:
    """What one source's rows are judged by.

    `columns` maps our names to the source's, for those it has. Times must lie in `[start, now]`, texts are cut at
    `max_chars` characters. `vector_length` is the length of the source's vectors, null where it has none.
    """

    source: str
    columns: Mapping[str, str]
    start: datetime
    now: datetime
    max_chars: int
    vector_length: int | None = None
