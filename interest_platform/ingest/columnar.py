"""Parquet files and tables of DuckDB files, read where they lie."""

import duckdb

from interest_platform.errors import SourceError
from interest_platform.ingest import sql
from interest_platform.ingest.files import Dataset, escaped
from interest_platform.ingest.relations import NOTHING_WRONG, Relation, Wanted, describe, raw_columns, unix_unit_of


def parquet(con: duckdb.DuckDBPyConnection, source: str, dataset: Dataset, wanted: Wanted) -> Relation:
    """Parquet files; columns that only some of them have are null in the others. Raises `SourceError`."""
    paths = [f.path for f in dataset.files]
    with sql.telling(source):
        for file, path in zip(dataset.files, escaped(paths), strict=True):
            wanted.check(source, file.name, list(describe(con, f"SELECT * FROM {_reader([path])}")))
        scan = _reader(escaped(paths), ", filename = 'source_file', file_row_number = true")
        types = describe(con, f"SELECT * FROM {scan}")
    columns = {ours: theirs for ours, theirs in wanted.all.items() if theirs in types}
    select = (
        f"SELECT source_file AS file, file_row_number + 1 AS row, {NOTHING_WRONG}, {raw_columns(columns)} FROM {scan}"
    )
    names = {f.path: f.name for f in dataset.files}
    return _relation(con, source, select, {ours: types[theirs] for ours, theirs in columns.items()}, names)


def _reader(paths: list[str], options: str = "") -> str:
    # hive_partitioning: folder names are no columns; what a file holds is what is read
    return f"read_parquet({sql.texts(paths)}, union_by_name = true, hive_partitioning = false{options})"


def duckdb_table(
    con: duckdb.DuckDBPyConnection, source: str, dataset: Dataset, table: str | None, wanted: Wanted
) -> Relation:
    """A table or view of one DuckDB file, attached read-only. Raises `SourceError`."""
    if len(dataset.files) > 1:
        raise SourceError(f"source {source}: {len(dataset.files)} DuckDB files match; one is allowed")
    file = dataset.files[0]
    with sql.telling(source):
        database = _attach(con, file.path)
        schema, found, is_view = _table(con, source, file.name, database, table)
        place = ".".join(map(sql.name, (database, schema, found)))
        types = describe(con, f"SELECT * FROM {place}")
    wanted.check(source, f"table {found}", list(types))
    columns = {ours: theirs for ours, theirs in wanted.all.items() if theirs in types}
    row = "row_number() OVER ()" if is_view else "rowid + 1"
    name = f"{file.name}:{found}"
    select = f"SELECT {sql.text(name)} AS file, {row} AS row, {NOTHING_WRONG}, {raw_columns(columns)} FROM {place}"
    return _relation(con, source, select, {ours: types[theirs] for ours, theirs in columns.items()}, {name: name})


def _relation(
    con: duckdb.DuckDBPyConnection, source: str, select: str, types: dict[str, str], names: dict[str, str]
) -> Relation:
    with sql.telling(source):
        unit = unix_unit_of(con, select, types) if "ts" in types else None
    return Relation(source, select, types, names, unix_unit=unit)


def _attach(con: duckdb.DuckDBPyConnection, path: str) -> str:
    attached = con.execute("SELECT database_name FROM duckdb_databases() WHERE path = ?", [path]).fetchone()
    if attached:
        return str(attached[0])
    count = con.execute("SELECT count(*) FROM duckdb_databases()").fetchone()
    name = f"attached_{count[0] if count else 0}"
    con.execute(f"ATTACH {sql.text(path)} AS {name} (TYPE duckdb, READ_ONLY)")
    return name


def _table(
    con: duckdb.DuckDBPyConnection, source: str, file: str, database: str, table: str | None
) -> tuple[str, str, bool]:
    """Schema, name and whether it is a view; without a name the file's only table."""
    there = con.execute(
        "SELECT schema_name, table_name, false FROM duckdb_tables() WHERE database_name = $1 UNION ALL "
        "SELECT schema_name, view_name, true FROM duckdb_views() WHERE database_name = $1 AND NOT internal "
        "ORDER BY ALL",
        [database],
    ).fetchall()
    fitting = [x for x in there if table in (None, x[1], f"{x[0]}.{x[1]}")]
    if len(fitting) == 1:
        return fitting[0]
    told = ", ".join(f"{schema}.{name}" for schema, name, _ in there) or "none"
    if table is None:
        raise SourceError(f"source {source}: `table` must say which table of {file} is meant; its tables: {told}")
    problem = "has no table" if not fitting else "has several tables"
    raise SourceError(f"source {source}: {file} {problem} {table!r}; its tables: {told}")
