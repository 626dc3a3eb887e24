"""What a table contract is: one object yields the DDL, the polars schema, the column lineage and the boundary check."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import polars as pl

from interest_platform.errors import ContractError


class Type(Enum):
    """A column's type: its SQL name and its polars type."""

    VARCHAR = ("VARCHAR", pl.String())
    TIMESTAMP = ("TIMESTAMP", pl.Datetime("us"))
    DOUBLE = ("DOUBLE", pl.Float64())
    BIGINT = ("BIGINT", pl.Int64())
    INTEGER = ("INTEGER", pl.Int32())
    BOOLEAN = ("BOOLEAN", pl.Boolean())
    TEXTS = ("VARCHAR[]", pl.List(pl.String()))
    VECTOR = ("FLOAT[]", pl.List(pl.Float32()))

    @property
    def sql(self) -> str:
        """The type's name in DuckDB."""
        return self.value[0]

    @property
    def polars(self) -> pl.DataType:
        """The type in polars."""
        return self.value[1]


@dataclass(frozen=True)
class Column:
    """A column: what it means, whether it may be null, and the `table.column`s it is made from."""

    name: str
    type: Type
    description: str
    nullable: bool = False
    sources: tuple[str, ...] = ()


WINDOW_START = Column("window_start", Type.TIMESTAMP, "Start of the window [start, end) in UTC; the partition.")


@dataclass(frozen=True)
class Table:
    """A table of the lake: `window_start`, then `columns`; `key` is unique within a window."""

    name: str
    row: str
    key: tuple[str, ...]
    body: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in order, `window_start` first."""
        return (WINDOW_START, *self.body)

    @property
    def names(self) -> list[str]:
        """The columns' names in order."""
        return [c.name for c in self.columns]

    @property
    def schema(self) -> pl.Schema:
        """The frame this table takes."""
        return pl.Schema({c.name: c.type.polars for c in self.columns})

    @property
    def lineage(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Column to the (table, column) pairs it is made from, where there are any."""
        return {
            c.name: tuple((t, n) for t, _, n in (s.partition(".") for s in c.sources)) for c in self.body if c.sources
        }

    def empty(self) -> pl.DataFrame:
        """A frame with the right columns and no row."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame, window_start: datetime) -> pl.DataFrame:
        """The frame with this table's columns in order, `window_start` set, nullable columns that it lacks as nulls.

        Types are cast where nothing is lost. Raises `ContractError` for an unknown, missing or uncastable column.
        """
        given = frame.with_columns(pl.lit(window_start, pl.Datetime("us")).alias("window_start"))
        absent = [c for c in self.body if c.name not in given.columns and c.nullable]
        given = given.with_columns(pl.lit(None, c.type.polars).alias(c.name) for c in absent)
        self._check_names(given.columns)
        try:
            return given.select(pl.col(c.name).cast(c.type.polars) for c in self.columns)
        except pl.exceptions.PolarsError as error:
            raise ContractError(f"table {self.name}: {str(error).splitlines()[0]}") from error

    def check(self, frame: pl.DataFrame, window_start: datetime) -> None:
        """Raise `ContractError` unless the frame is, column for column, what the table takes for this window."""
        self._check_names(frame.columns)
        if frame.columns != self.names:
            raise ContractError(
                f"table {self.name}: columns are in another order: {frame.columns}, expected {self.names}"
            )
        for column in self.columns:
            if (given := frame.schema[column.name]) != column.type.polars:
                raise ContractError(
                    f"table {self.name}, column {column.name}: type {given}, expected {column.type.polars}"
                )
            if not column.nullable and (nulls := frame[column.name].null_count()):
                raise ContractError(f"table {self.name}, column {column.name}: {nulls} nulls, none is allowed")
        if outside := frame.filter(pl.col("window_start") != window_start).height:
            raise ContractError(f"table {self.name}: {outside} rows of another window than {window_start:%Y-%m-%d}")
        if repeated := frame.height - frame.n_unique(self.key):
            raise ContractError(f"table {self.name}: {repeated} rows repeat the key ({', '.join(self.key)})")

    def _check_names(self, names: list[str]) -> None:
        extra = sorted(set(names) - set(self.names))
        missing = sorted(set(self.names) - set(names))
        if extra or missing:
            told = [f"extra columns {extra}"] * bool(extra) + [f"missing columns {missing}"] * bool(missing)
            raise ContractError(f"table {self.name}: {' and '.join(told)}; it takes {self.names}")
