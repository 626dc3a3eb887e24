"""What every asset says of itself: description, owners, schema, lineage. Made from the table's contract."""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from interest_platform.checks import Check, contract
from interest_platform.domain.contract import Table
from interest_platform.domain.steps import Step
from interest_platform.domain.tables import SCHEMA, TABLES

OWNERS = ["team:data-platform"]


def column_schema(table: Table) -> dg.TableSchema:
    """The contract's columns as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type.sql,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in table.columns
        ]
    )


def column_lineage(table: Table) -> dg.TableColumnLineage:
    """Which columns of which assets each column is made from."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=source, column_name=name) for source, name in sources]
            for column, sources in table.lineage.items()
        }
    )


def table_facts(table: Table) -> dict[str, Any]:
    """Metadata that holds for every materialisation of the table."""
    return {
        "dagster/column_schema": column_schema(table),
        "dagster/column_lineage": column_lineage(table),
        "dagster/table_name": f"lake.{SCHEMA}.{table.name}",
        "dagster/storage_kind": "ducklake",
    }


@dataclass(frozen=True)
class Family:
    """What the tables that one asset's code writes have in common."""

    group: str
    kinds: frozenset[str]
    code_version: str


def asset_facts(table: Table, family: Family) -> dict[str, Any]:
    """Arguments that `dg.asset` and `dg.AssetSpec` share. A row of the table is what its contract says it is."""
    return {
        "description": f"One row is {table.row}. Key within a window: {', '.join(table.key)}.",
        "group_name": family.group,
        "kinds": {*family.kinds, "ducklake"},
        "owners": OWNERS,
        "code_version": family.code_version,
        "metadata": table_facts(table),
    }


def specs_of(step: Step, family: Family) -> list[dg.AssetSpec]:
    """A spec for each table that the step writes. `code_location` adds which windows are read of the inputs."""
    # Dagster orders the steps of a run by the inputs that an asset is decorated with
    return [dg.AssetSpec(name, deps=step.inputs, **asset_facts(TABLES[name], family)) for name in step.writes]


def check_specs_of(step: Step, *more: Check) -> list[dg.AssetCheckSpec]:
    """The specs of the contract check of each table that the step writes, and of the step's own checks."""
    return [check.spec for check in (*(contract(name) for name in step.writes), *more)]
