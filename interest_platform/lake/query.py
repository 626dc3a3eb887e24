"""A user's SQL: one SELECT over the lake, which can neither write nor reach anything but the lake."""

import json
from typing import TYPE_CHECKING, Any

import duckdb

from interest_platform.domain.tables import SCHEMA
from interest_platform.errors import LakeError
from interest_platform.lake.catalog import Catalog
from interest_platform.lake.failures import told

if TYPE_CHECKING:
    import pyarrow as pa

_TABLE_FUNCTIONS = frozenset(
    {"range", "generate_series", "unnest", "repeat", "json_each", "json_tree", "pragma_table_info"}
    | {"snapshots", "current_snapshot", "last_committed_snapshot", "table_info"}
    | {"table_changes", "table_insertions", "table_deletions"}
)
"""Functions that may stand after FROM. DuckDB's own switches don't bind all others: `sqlite_scan` opens any SQLite file
of the machine, `postgres_query` any server, and DuckLake's own clean-up deletes files of a lake attached read-only."""

_HIDDEN_FUNCTIONS = frozenset({"current_setting"})
"""Functions that may show credentials of the data path."""


def query(catalog: Catalog, sql: str, *, version: int | None = None) -> "pa.Table":
    """The result of one SELECT (or DESCRIBE, SUMMARIZE, SHOW TABLES); unqualified names are the lake's tables.

    Raises `LakeError`: one line with what is not allowed, or DuckDB's message.
    """
    with told("the query failed"):
        instance = catalog.open(version=version)
        try:
            _check(instance, sql)
            _confine(instance, catalog.address.data_path)
            return instance.execute(sql).to_arrow_table()
        finally:
            instance.close()


def _check(instance: duckdb.DuckDBPyConnection, sql: str) -> None:
    kinds = [statement.type.name for statement in instance.extract_statements(sql)]
    if kinds != ["SELECT"]:
        told_as = f"{len(kinds)} statements" if len(kinds) != 1 else kinds[0]
        raise LakeError(f"the query must be one SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES; this is {told_as}")
    row = instance.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise LakeError("the query must be one SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES (PRAGMA and PIVOT are not)")
    for name in _functions(tree, "TABLE_FUNCTION"):
        if name not in _TABLE_FUNCTIONS:
            raise LakeError(
                f"the function {name} is not allowed after FROM; allowed: {', '.join(sorted(_TABLE_FUNCTIONS))}"
            )
    for name in _functions(tree, "FUNCTION"):
        if name in _HIDDEN_FUNCTIONS:
            raise LakeError(f"the function {name} is not allowed in a query")


def _functions(node: Any, kind: str) -> list[str]:
    """Names of all functions of a kind in DuckDB's syntax tree, lower case."""
    if isinstance(node, list):
        return [name for child in node for name in _functions(child, kind)]
    if not isinstance(node, dict):
        return []
    inner = [name for child in node.values() for name in _functions(child, kind)]
    if node.get("type") == "TABLE_FUNCTION" and kind == "TABLE_FUNCTION":
        return [str(node["function"].get("function_name", "?")).lower(), *inner]
    if node.get("class") == "FUNCTION" and kind == "FUNCTION":
        return [str(node["function_name"]).lower(), *inner]
    return inner


def _confine(instance: duckdb.DuckDBPyConnection, data_path: str) -> None:
    instance.execute(f"USE lake.{SCHEMA}")
    instance.execute("SET TimeZone = 'UTC'")
    instance.execute("SET allowed_directories = $1", [[data_path.rstrip("/") + "/"]])
    instance.execute("SET enable_external_access = false")
    instance.execute("SET lock_configuration = true")
