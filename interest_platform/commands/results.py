"""Rows of a query as people and programs want them."""

import io
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

SHOWN_VALUES = 12
"""Values of a list that a table shows."""

PIPED_WIDTH = 200
"""Columns of a table where nobody's terminal says how wide it is."""


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def formatted(result: "pa.Table", form: Format, width: int | None = PIPED_WIDTH) -> bytes:
    """The rows: a table for people, CSV (lists as JSON), one JSON array of objects, or a Parquet file."""
    import polars as pl
    import pyarrow.parquet as pq

    if form is Format.TABLE:
        return _table(result, width).encode()
    if form is Format.PARQUET:
        buffer = io.BytesIO()
        pq.write_table(result, buffer)
        return buffer.getvalue()
    frame = _plain_numbers(pl.DataFrame(pl.from_arrow(result)))
    return (_json(frame) + "\n").encode() if form is Format.JSON else _csv(frame)


def _plain_numbers(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Decimals as numbers: DuckDB's sums of whole numbers are HUGEINT, which Arrow makes decimals and JSON texts."""
    import polars as pl

    decimals = {name: kind.scale for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal)}
    return frame.with_columns(pl.col(n).cast(pl.Float64 if scale else pl.Int128) for n, scale in decimals.items())


def _json(frame: "pl.DataFrame") -> str:
    return frame.write_json() if frame.height else "[]"


def _csv(frame: "pl.DataFrame") -> bytes:
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    texts = [pl.Series(name, [_compact(v) for v in frame[name].to_list()], pl.String) for name in nested]
    return frame.with_columns(texts).write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.f").encode()


def _compact(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str, ensure_ascii=False)


def _table(result: "pa.Table", width: int | None) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(*[str(name) for name in result.column_names])
    for row in zip(*(column.to_pylist() for column in result.columns), strict=True):
        table.add_row(*(_cell(value) for value in row))
    buffer = io.StringIO()
    Console(file=buffer, width=width).print(table)
    return buffer.getvalue() + f"{result.num_rows:,} rows\n"


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return "null"
    if isinstance(value, list):
        shown = ", ".join(_cell(v) for v in value[:SHOWN_VALUES])
        return shown + (f", ... ({len(value)})" if len(value) > SHOWN_VALUES else "")
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))
