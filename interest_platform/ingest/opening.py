"""Opening a source: its files found, its format's reader chosen, its columns checked."""

from pathlib import Path

import duckdb

from interest_platform.configuration import IdentitiesSettings, SourceSettings, TableSettings
from interest_platform.errors import SourceError
from interest_platform.ingest import columnar, remote, textual
from interest_platform.ingest.files import Dataset, find
from interest_platform.ingest.relations import Relation, Wanted
from interest_platform.settings import Settings
from interest_platform.sources.samples import sample_path

SAMPLE = "sample:"


def open_source(con: duckdb.DuckDBPyConnection, source: SourceSettings, settings: Settings, folder: Path) -> Relation:
    """The source as a relation; remote text files are fetched into `folder`. Raises `SourceError`."""
    columns = source.columns
    shared = [ours for ours, theirs in columns.required.items() if ours != "user_id" and theirs == columns.user_id]
    if shared:
        raise SourceError(
            f"source {source.name}: column {columns.user_id!r} is mapped to user_id and to {shared[0]}; "
            "the user's id may only be the user_id, it is not kept in the lake"
        )
    optional = {ours: theirs for ours, theirs in columns.optional.items() if theirs != columns.user_id}
    wanted = Wanted(columns.required, optional)
    return _open(con, source.name, _address(source, settings), source.format, source.table, wanted, folder)


def open_identities(
    con: duckdb.DuckDBPyConnection, identities: IdentitiesSettings, settings: Settings, folder: Path
) -> Relation:
    """The identities table as a relation of `source`, `user_id` and `person_id`. Raises `SourceError`."""
    wanted = Wanted({name: getattr(identities, name) for name in ("source", "user_id", "person_id")})
    return _open(con, "identities", settings.resolve(identities.uri), None, None, wanted, folder)


def open_table(
    con: duckdb.DuckDBPyConnection, given: TableSettings, name: str, wanted: Wanted, settings: Settings, folder: Path
) -> Relation:
    """A table that a user brings beside the sources, called by `name` in errors. Raises `SourceError`."""
    return _open(con, name, settings.resolve(given.uri), given.format, given.table, wanted, folder)


def _address(source: SourceSettings, settings: Settings) -> str:
    if not source.uri.startswith(SAMPLE):
        return settings.resolve(source.uri)
    name = source.uri.removeprefix(SAMPLE)
    path = sample_path(name, settings.cache_folder)
    if not path.is_file():
        raise SourceError(f"source {source.name}: sample {name!r} is not fetched; run `interest samples fetch {name}`")
    return str(path)


def _open(
    con: duckdb.DuckDBPyConnection,
    name: str,
    address: str,
    stated: str | None,
    table: str | None,
    wanted: Wanted,
    folder: Path,
) -> Relation:
    remote.prepare(con, name, address)
    dataset: Dataset = find(con, name, address, stated)
    if dataset.format == "parquet":
        return columnar.parquet(con, name, dataset, wanted)
    if dataset.format == "duckdb":
        return columnar.duckdb_table(con, name, dataset, table, wanted)
    local = remote.fetched(con, name, dataset, folder)
    if dataset.format == "csv":
        return textual.csv_files(name, local, wanted)
    return textual.json_lines(con, name, local, wanted)
