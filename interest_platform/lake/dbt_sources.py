"""The dbt source file, written from the table contracts: `python -m interest_platform.lake.dbt_sources`.

dbt then knows every table and column of the lake, tests what the contract promises, and Dagster draws the lineage from
the asset that writes a table to the marts that read it.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from interest_platform.domain.contract import Column, Table
from interest_platform.domain.tables import SCHEMA, TABLES

SOURCE = "lake"
SOURCES_FILE = Path("models", "staging", "_sources.yml")

WRITERS = {
    "window_loads": "segment_features",
}
"""Tables that are no asset of their own, and the asset that writes them (window_loads: the one that writes it last)."""

_HEADER = """\
# Written by `python -m interest_platform.lake.dbt_sources` from interest_platform/domain/tables.py: do not edit.
"""


def asset_of(table: str) -> str:
    """Name of the Dagster asset that writes a table of the lake."""
    return WRITERS.get(table, table)


def sources_yaml() -> str:
    """The whole source file: one dbt source `lake` with every table of the contract, in the contract's order."""
    source = {
        "name": SOURCE,
        "description": "The lake: every table is partitioned by window_start; times are UTC.",
        "database": "lake",
        "schema": SCHEMA,
        "tables": [_table(table) for table in TABLES.values()],
    }
    content = {"version": 2, "sources": [source]}
    return _HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def write_sources(dbt_folder: Path) -> Path:
    """Write the source file into the dbt project; returns its path."""
    path = dbt_folder / SOURCES_FILE
    path.write_text(sources_yaml(), encoding="utf-8")
    return path


def _table(table: Table) -> dict[str, Any]:
    required = [c.name for c in table.columns if not c.nullable]
    return {
        "name": table.name,
        "description": f"One row is {table.row}.",
        "config": {"meta": {"dagster": {"asset_key": [asset_of(table.name)]}}},
        "data_tests": [
            _test("unique_key", table.name, columns=["window_start", *table.key]),
            _test("never_null", table.name, columns=required),
        ],
        "columns": [_column(c) for c in table.columns],
    }


def _test(kind: str, table: str, **arguments: Any) -> dict[str, Any]:
    return {kind: {"name": f"{table}_{kind}", "arguments": arguments}}


def _column(column: Column) -> dict[str, str]:
    return {"name": column.name, "data_type": column.type.sql, "description": column.description}


if __name__ == "__main__":
    _folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("dbt")
    sys.stdout.write(f"{write_sources(_folder)}\n")
