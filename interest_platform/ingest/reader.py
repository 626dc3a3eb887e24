"""Reading the rows of windows from all sources."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

import duckdb
import polars as pl
from pydantic import SecretStr

from interest_platform.configuration import SourceSettings
from interest_platform.domain.windows import Window
from interest_platform.errors import SourceError
from interest_platform.ingest import times
from interest_platform.ingest.identities import persons
from interest_platform.ingest.opening import open_identities, open_source
from interest_platform.ingest.scan import Scan, open_scan, vector_length
from interest_platform.ingest.staging import make_folder
from interest_platform.settings import Settings, pseudonym_key
from interest_platform.sources import Classified, Rules, Users, classify


@dataclass(frozen=True)
class WindowRows:
    """The rows that one window's run records.

    `accepted` has the body columns of `raw_texts`, sorted by text_id; `rejected` those of `rejected_texts`, sorted by
    source and row_ref. `rows_read` says, for every source, how many rows it holds for this run: a count of its own,
    equal to accepted + rejected.
    """

    window: Window
    accepted: pl.DataFrame
    rejected: pl.DataFrame
    rows_read: Mapping[str, int]


@dataclass(frozen=True)
class _Source:
    scan: Scan
    rules: Rules
    users: Users

    def read(self, window: Window) -> tuple[Classified, int]:
        """The window's rows, judged, and their count. Raises `SourceError` where the two disagree."""
        found = classify(self.scan.rows(window), self.rules, self.users)
        count, told = self.scan.count(window), found.accepted.height + found.rejected.height
        if count != told:
            raise SourceError(
                f"source {self.rules.source}: window {window.key} has {count} rows but {told} were read; "
                "was it written to meanwhile? run again"
            )
        return found, count


class SourceReader:
    """Reads windows from every source of the configuration; a context manager.

    Entering opens all sources, so that one that can't be read fails before anything is done, and parses text files
    once for all `windows`; what that needs on disk is under `home/tmp` and removed on leaving. `now` is the run's own
    time in UTC: later rows are rejected as `future`. Rows of no window are recorded by the grid's first window.

    Raises `SourceError`, one line, where a source can't be read.
    """

    def __init__(self, settings: Settings, windows: Sequence[Window], now: datetime, key: SecretStr) -> None:
        self._settings, self._windows, self._now, self._key = settings, tuple(windows), now, key
        self._sources: list[_Source] = []
        self._folder: Path | None = None
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> "SourceReader":
        self._folder = make_folder(self._settings.home)
        try:
            self._con = connect(self._folder)
            known = persons_of(self._con, self._settings, self._folder)
            self._sources = [
                self._open(self._con, s, known.get(s.name), self._folder) for s in self._settings.config.sources
            ]
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def window(self, window: Window) -> WindowRows:
        """The rows that this window's run records; it must be one of those the reader was made for.

        Raises `SourceError`; `ValueError` for another window.
        """
        if window not in self._windows:
            raise ValueError(f"window {window.key} is none of those this reader was made for")
        read = {source.rules.source: source.read(window) for source in self._sources}
        found = [classified for classified, _ in read.values()]
        return WindowRows(
            window,
            pl.concat([f.accepted for f in found]).sort("text_id"),
            pl.concat([f.rejected for f in found]).sort("source", "row_ref"),
            {name: count for name, (_, count) in read.items()},
        )

    def _open(
        self, con: duckdb.DuckDBPyConnection, source: SourceSettings, known: pl.DataFrame | None, folder: Path
    ) -> _Source:
        grid, mapped = self._settings.grid, source.columns
        relation = open_source(con, source, self._settings, folder)
        rules = Rules(
            source=source.name,
            columns={ours: getattr(mapped, ours) for ours in relation.types},
            start=grid.first.start,
            now=self._now,
            max_chars=self._settings.config.text.max_chars,
            vector_length=vector_length(con, relation, source.timezone),
        )
        scan = open_scan(con, relation, source.timezone, grid, self._windows, self._now, folder)
        return _Source(scan, rules, Users(source.name, self._key.get_secret_value().encode(), known))

    def _close(self) -> None:
        if self._con is not None:
            self._con.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._sources, self._con, self._folder = [], None, None


def _known_persons(settings: Settings) -> Mapping[str, pl.DataFrame]:
    """Source name to the users that the identities table names (`user_id`, `person_id`); empty where there is none.

    Raises `SourceError` where the table can't be read.
    """
    if settings.config.identities is None:
        return {}
    folder = make_folder(settings.home)
    try:
        with connect(folder) as con:
            return persons_of(con, settings, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def known_users(settings: Settings) -> dict[str, Users]:
    """Who the users of each source are, by the key of INTEREST_PSEUDONYM_KEY, else of the home.

    Raises `SourceError` where the identities table can't be read.
    """
    return users_of(settings, pseudonym_key(settings.home), _known_persons(settings))


def users_of(settings: Settings, key: SecretStr, known: Mapping[str, pl.DataFrame]) -> dict[str, Users]:
    """The same by another key, `known` being the persons of each source."""
    told = key.get_secret_value().encode()
    return {source.name: Users(source.name, told, known.get(source.name)) for source in settings.config.sources}


def persons_of(con: duckdb.DuckDBPyConnection, settings: Settings, folder: Path) -> Mapping[str, pl.DataFrame]:
    """Source name to the users that the identities table names, on a connection of `connect`."""
    identities = settings.config.identities
    return {} if identities is None else persons(con, open_identities(con, identities, settings, folder))


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB as sources are read with: nothing is fetched, and what does not fit into memory goes into `folder`."""
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(folder),
        }
    )
    for statement in ("SET TimeZone = 'UTC'", *times.MACROS):
        con.execute(statement)
    return con
