"""From which columns of the lake each column of a mart is made, read off the SQL that dbt compiled."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from interest_platform.domain.tables import SCHEMA, TABLES, WINDOW_LOADS

if TYPE_CHECKING:
    from sqlglot.lineage import Node

_DIALECT = "duckdb"


def mart_lineage(compiled: Path) -> dg.TableColumnLineage:
    """Column lineage of one compiled model: each column of the mart to the (asset, column) pairs behind it.

    Staging models are ephemeral, so that the compiled SQL reaches down to the lake's tables. `window_loads` is
    book-keeping and no asset; what comes from it alone has no lineage.
    """
    from sqlglot.lineage import lineage

    sql = compiled.read_text(encoding="utf-8")
    schema = {"lake": {SCHEMA: {t.name: {c.name: c.type.sql for c in t.columns} for t in TABLES.values()}}}
    nodes = lineage(None, sql, schema=schema, dialect=_DIALECT)
    origins = {column: _origins(node) for column, node in nodes.items()}
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=table, column_name=name) for table, name in sorted(found)]
            for column, found in origins.items()
            if found
        }
    )


def _origins(node: "Node") -> set[tuple[str, str]]:
    from sqlglot import exp

    leaves = [leaf for leaf in node.walk() if not leaf.downstream and isinstance(leaf.expression, exp.Table)]
    found = {(leaf.expression.name, leaf.name.rpartition(".")[2]) for leaf in leaves}
    return {(table, column) for table, column in found if table in TABLES and table != WINDOW_LOADS.name}
