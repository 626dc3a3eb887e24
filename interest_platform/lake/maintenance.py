"""Keeping a lake small: old versions expired, their files removed, without touching what somebody may still need."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from interest_platform.domain.tables import SCHEMA, TABLES
from interest_platform.domain.windows import utc_now
from interest_platform.errors import LakeError
from interest_platform.lake.failures import told
from interest_platform.lake.lake import Lake
from interest_platform.lake.turns import turn

YOUNGEST = timedelta(days=1)
"""Nothing younger is expired or removed: an open transaction, a reader, or a dbt build may be on it, and DuckLake loses
deletes of a transaction that is older than an expired snapshot (its issue 1472)."""


@dataclass(frozen=True)
class Maintained:
    """How many versions expired, tables had files merged, and files of expired versions and of nobody were removed."""

    expired: int
    merged: int
    removed: int
    orphans: int


def maintain(lake: Lake, *, keep: timedelta = timedelta(days=30)) -> Maintained:
    """Merge small files, expire versions older than `keep`, then remove files that no version needs.

    A version that a current row names (`cluster_snapshots.lake_version`, `recommendations.lake_version`) stays, however
    old, and so does the newest.
    Writers wait meanwhile. Raises `LakeError` for a `keep` under a day, and for a data path that DuckLake would take
    for a pattern.
    """
    if keep < YOUNGEST:
        raise LakeError(f"versions of the last day can't be expired, a reader may be on them; keep={keep} is too short")
    if set("*?[") & set(lake.address.data_path):
        # looking for left-over files it expands the path, and would remove those of another lake that matches
        raise LakeError(f"the lake at {lake.address.data_path} can't be maintained: a path with *, ? or [ in it")
    now = utc_now()
    with (
        told("the lake's maintenance failed"),
        lake.connect(read_only=False) as connection,
        turn(connection, lake.address, None),
    ):
        merged = _call(connection, "ducklake_merge_adjacent_files('lake')")
        expired = _expire(connection, now - keep)
        # the age is always given and the data path absolute: DuckLake has emptied folders where they were not
        aged = "older_than => $1::TIMESTAMPTZ"
        removed = _call(connection, f"ducklake_cleanup_old_files('lake', {aged})", now - YOUNGEST)
        orphans = _call(connection, f"ducklake_delete_orphaned_files('lake', {aged})", now - YOUNGEST)
    return Maintained(expired, merged, removed, orphans)


def named_versions(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """Lake versions that current rows name in a column `lake_version`."""
    named: set[int] = set()
    for table in TABLES.values():
        if "lake_version" in table.names:
            found = connection.execute(
                f"SELECT DISTINCT lake_version FROM lake.{SCHEMA}.{table.name} WHERE lake_version IS NOT NULL"
            )
            named |= {int(row[0]) for row in found.fetchall()}
    return named


def _expire(connection: duckdb.DuckDBPyConnection, before: datetime) -> int:
    found = connection.execute(
        "SELECT snapshot_id FROM lake.snapshots() "
        "WHERE snapshot_time < $1::TIMESTAMPTZ AND snapshot_id < (SELECT id FROM lake.current_snapshot())",
        [before],
    )
    versions = sorted({int(row[0]) for row in found.fetchall()} - named_versions(connection))
    if versions:
        connection.execute("CALL ducklake_expire_snapshots('lake', versions => $1)", [versions])
    return len(versions)


def _call(connection: duckdb.DuckDBPyConnection, function: str, *values: datetime) -> int:
    """The number of rows the function returns. As a SELECT it would tell the same rows and commit nothing."""
    return len(connection.execute(f"CALL {function}", list(values)).fetchall())
