"""The lake as the rest of the platform sees it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from interest_platform.domain.contract import Table
from interest_platform.domain.windows import Window
from interest_platform.lake import table as tables
from interest_platform.lake.address import Address, address
from interest_platform.lake.batches import read_vectors
from interest_platform.lake.catalog import Catalog
from interest_platform.lake.declared import DeclaredReads
from interest_platform.lake.failures import told
from interest_platform.lake.query import query
from interest_platform.lake.table import Stamp, Written
from interest_platform.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Lake:
    """The tables of `domain.tables`, in windows that are replaced whole, with every version kept.

    Making the object does no I/O. Readers never wait; writers take turns (SQLite catalog: all of them; PostgreSQL:
    those of the same window). May be used by several threads. Every method raises `LakeError` where the lake can't be
    reached.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalog = Catalog(address(settings))
        self._declared: DeclaredReads | None = None

    @property
    def address(self) -> Address:
        """Where catalog, data and extensions are."""
        return self.catalog.address

    def prepare(self) -> None:
        """Make folders, extensions, catalog, tables and columns that are missing. Safe in any number of processes."""
        self.catalog.prepare()

    def close(self) -> None:
        """Close the connections kept for this process; any later call opens them again."""
        self.catalog.close()

    def connect(
        self, *, version: int | None = None, read_only: bool = True
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A DuckDB connection with `lake` attached and its tables in use; at a version it is always read-only."""
        return self.catalog.connect(read_only=read_only, version=version)

    @contextmanager
    def restricted_to(self, declared: DeclaredReads | None) -> Iterator[None]:
        """Within it `read`, `vectors` and `loaded_windows` raise `ContractError` for what is not declared."""
        before, self._declared = self._declared, declared
        try:
            yield
        finally:
            self._declared = before

    def version(self) -> int:
        """The newest snapshot."""
        with self.catalog.reading() as connection, told("the lake's version can't be read"):
            [(version,)] = connection.execute("FROM lake.current_snapshot()").fetchall()
        return int(version)

    def has_version(self, version: int) -> bool:
        """Whether the snapshot is there and has not expired."""
        with self.catalog.reading() as connection, told("the lake's versions can't be read"):
            found = connection.execute("SELECT 1 FROM lake.snapshots() WHERE snapshot_id = $1", [version]).fetchone()
        return found is not None

    def read(
        self,
        table: Table,
        windows: Sequence[Window] | None = None,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        among: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Rows of the windows (None: of all), ordered by window and key; only those windows' files are opened.

        With `among` only the rows that agree with one of its rows in all of its columns, all of them the table's.
        Raises `ContractError` for a column that the table does not have.
        """
        self._require(table.name, windows)
        with self.catalog.reading() as connection, told(f"table {table.name} can't be read"):
            return tables.read(connection, table, windows, columns, version, among)

    def vectors(self, table: Table, window: Window, keys: pl.DataFrame, *, version: int | None = None) -> "np.ndarray":
        """The `vector` column of a window's rows, (n, d) float32 and writable, in the order of `keys`, (n,) rows.

        Read in batches into the one array, so that memory holds it and a batch; (0, 0) for no row. `keys` has the
        columns of the table's key, each row of the window once. Raises `MixedEncodersError` where vectors differ in
        length, `LakeError` where rows and keys are not the same.
        """
        self._require(table.name, [window])
        with self.catalog.reading() as connection, told(f"vectors of {table.name} can't be read"):
            return read_vectors(connection, table, window, keys, version)

    def replace(self, window: Window, frames: Mapping[str, pl.DataFrame], stamp: Stamp) -> Written:
        """Replace a window in all the given tables (name to frame) in one transaction, and record it in `window_loads`.

        Raises `ContractError` for a frame that does not fit, before anything is touched; the old rows stay whole
        whatever fails.
        """
        return tables.replace(self.catalog, window, frames, stamp)

    def known_vectors(self, encoder: str, text_hashes: pl.Series, *, version: int | None = None) -> pl.DataFrame:
        """`text_hash, vector, n_model_tokens, truncated` of those hashes that any window holds; one row a hash."""
        with self.connect() as connection, told("known vectors can't be read"):
            return tables.known_vectors(connection, encoder, text_hashes, version)

    def loaded_windows(self, table: str, windows: Sequence[Window], *, version: int | None = None) -> list[Window]:
        """Those of the windows that were loaded into the table, empty ones too, in the order given."""
        self._require(table, windows)
        with self.catalog.reading() as connection, told("window_loads can't be read"):
            return tables.loaded_windows(connection, table, windows, version)

    def query(self, sql: str, *, version: int | None = None) -> "pa.Table":
        """The result of one user-given SELECT, which can neither write nor reach anything but the lake."""
        return query(self.catalog, sql, version=version)

    def _require(self, table: str, windows: Sequence[Window] | None) -> None:
        if self._declared is not None:
            self._declared.require(table, windows)
