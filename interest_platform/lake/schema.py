"""The tables in the lake, brought up to the contracts in code."""

import duckdb

from interest_platform.domain.contract import Column, Table
from interest_platform.domain.tables import SCHEMA, TABLES, WINDOW_LOADS
from interest_platform.errors import LakeError

_INLINE = "data_inlining_row_limit"
_INLINED_ROWS = {None: 0, WINDOW_LOADS.name: 100}
"""Rows of one insert that the catalog keeps instead of a Parquet file: by table, None is all others.

A window's load record is a few rows that every reader asks for; texts and vectors stay out of the catalog, so that
what is in the lake is in its files alone.
"""


def upgrade(connection: duckdb.DuckDBPyConnection) -> None:
    """Create absent tables and add absent columns, in one transaction, which is left out when nothing is absent.

    Raises `LakeError` for a column whose type in the lake is another than the contract's.
    """
    present = _present(connection)
    statements = [s for table in TABLES.values() for s in _statements(table, present.get(table.name, {}))]
    if statements:
        connection.execute("BEGIN")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{SCHEMA}")
        for statement in statements:
            connection.execute(statement)
        connection.execute("COMMIT")
    _set_options(connection)


def _present(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name = $1",
        [SCHEMA],
    ).fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _statements(table: Table, present: dict[str, str]) -> list[str]:
    name = f"lake.{SCHEMA}.{table.name}"
    if not present:
        columns = ", ".join(_definition(c) for c in table.columns)
        return [f"CREATE TABLE {name} ({columns})", f"ALTER TABLE {name} SET PARTITIONED BY (window_start)"]
    for column in table.columns:
        if present.get(column.name, column.type.sql) != column.type.sql:
            raise LakeError(
                f"table {table.name}, column {column.name}: {present[column.name]} in the lake, {column.type.sql} in "
                "this version of the platform; it needs a migration (CHANGELOG.md)"
            )
    # rows that are there have no value, so that the lake can't demand one; the frames' check does
    return [f'ALTER TABLE {name} ADD COLUMN "{c.name}" {c.type.sql}' for c in table.columns if c.name not in present]


def _definition(column: Column) -> str:
    return f'"{column.name}" {column.type.sql}{"" if column.nullable else " NOT NULL"}'


def _set_options(connection: duckdb.DuckDBPyConnection) -> None:
    # outside the transaction: DuckLake refuses options of tables that are not committed
    rows = connection.execute(
        "SELECT scope_entry, value FROM lake.options() WHERE option_name = $1", [_INLINE]
    ).fetchall()
    current = {scope: int(value) for scope, value in rows}
    for table, limit in _INLINED_ROWS.items():
        if current.get(table and f"{SCHEMA}.{table}") != limit:
            scope = f", schema => '{SCHEMA}', table_name => '{table}'" if table else ""
            connection.execute(f"CALL lake.set_option('{_INLINE}', {limit}{scope})")
