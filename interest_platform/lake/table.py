"""A window of a table: replaced in one transaction, and read."""

import json
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import duckdb
import polars as pl

from interest_platform.domain.comparison_tables import COMPARISON_VECTORS
from interest_platform.domain.contract import Table
from interest_platform.domain.live_tables import PROVISIONAL_VECTORS
from interest_platform.domain.tables import EMBEDDINGS, TABLES, WINDOW_LOADS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.errors import ContractError, LakeError
from interest_platform.lake.catalog import Catalog
from interest_platform.lake.failures import is_full, one_line, told
from interest_platform.lake.turns import turn

_ATTEMPTS = 25
_LONGEST_PAUSE = 2.0
_VECTOR = ["text_hash", "vector", "n_model_tokens", "truncated"]


@dataclass(frozen=True)
class Stamp:
    """Who writes: kept in `window_loads` and in the snapshot's commit message."""

    asset: str
    dagster_run_id: str
    code_version: str
    mlflow_run_id: str | None = None
    author: str = "interest_platform"


@dataclass(frozen=True)
class Written:
    """The lake version that a replacement made, and the rows it wrote, by table."""

    version: int
    rows: Mapping[str, int]


def replace(catalog: Catalog, window: Window, frames: Mapping[str, pl.DataFrame], stamp: Stamp) -> Written:
    """Replace a window's rows in all the given tables, and their records in `window_loads`, in one transaction.

    An empty frame leaves the window without rows and recorded as loaded. A lost race is run again as a whole, with
    growing random pauses. Raises `ContractError` for a frame that its table does not take, before anything is touched,
    and `LakeError` for anything else; the old rows stay whole then.
    """
    rows = _checked(window, frames)
    with told(f"window {window.key} of {', '.join(rows)} is not written, its old rows stay"):
        for attempt in range(_ATTEMPTS):
            try:
                return Written(_attempt(catalog, window, frames, stamp), rows)
            except duckdb.TransactionException as error:
                if is_full(error):
                    raise
                lost = error
            # jitter has to differ between processes, so that it alone comes from no seed
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))
    raise LakeError(f"window {window.key} of {', '.join(rows)} lost {_ATTEMPTS} races; last: {one_line(lost)}")


def read(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    windows: Sequence[Window] | None,
    columns: Sequence[str] | None,
    version: int | None,
    among: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows of the windows (all of them: None), ordered by window and key, with the contract's types.

    With `among` only those that agree with one of its rows in all of its columns. At a version from before a nullable
    column, or the table, was there, that column is null and the table empty.
    """
    names = list(columns) if columns is not None else table.names
    if unknown := sorted(set(names) - set(table.names)):
        raise ContractError(f"table {table.name} has no columns {unknown}; it has {table.names}")
    if windows is not None and not windows:
        return table.empty().select(names)
    where = "" if windows is None else f" WHERE window_start IN ({_places(windows)})"
    at = "" if version is None else f" AT (VERSION => {version:d})"
    order = ", ".join(("window_start", *table.key))
    only = "" if among is None else f" SEMI JOIN among USING ({', '.join(among.columns)})"
    if among is not None:
        connection.register("among", among.unique().to_arrow())

    def rows(wanted: Sequence[str]) -> pl.DataFrame:
        told = ", ".join(wanted)
        sql = f"SELECT {told} FROM {table.name}{at}{only}{where} ORDER BY {order}"
        return connection.execute(sql, [w.start for w in windows or ()]).pl()

    try:
        return rows(names)
    except (duckdb.BinderException, duckdb.CatalogException):
        present = _present(connection, table, at) if version is not None else None
        if present is None:
            raise
        if not present:
            return table.empty().select(names)
        absent = {c.name: pl.lit(None, c.type.polars) for c in table.columns if c.nullable and c.name not in present}
        return rows([name for name in names if name not in absent]).with_columns(**absent).select(names)
    finally:
        if among is not None:
            connection.unregister("among")


def _present(connection: duckdb.DuckDBPyConnection, table: Table, at: str) -> list[str]:
    """The columns that the table had at a version; none where it was not there yet."""
    try:
        return [told[0] for told in connection.execute(f"SELECT * FROM {table.name}{at} LIMIT 0").description or ()]
    except duckdb.CatalogException:
        return []


def known_vectors(
    connection: duckdb.DuckDBPyConnection, encoder: str, text_hashes: pl.Series, version: int | None
) -> pl.DataFrame:
    """The vectors there are of these hashes, from the earliest window that has each, ordered by hash.

    Those of `embeddings`, and those that a comparison of encoders or a micro-batch has had made: a vector depends on
    nothing but text and encoder, whoever asked for it. Two passes: the hashes alone tell which
    windows hold any, then only those windows' vectors are read.
    """
    at = "" if version is None else f" AT (VERSION => {version:d})"
    wanted = pl.DataFrame({"text_hash": text_hashes.cast(pl.String).unique().drop_nulls()})
    found = [COMPARISON_VECTORS.empty().select(_VECTOR)]
    for table in (EMBEDDINGS.name, COMPARISON_VECTORS.name, PROVISIONAL_VECTORS.name):
        connection.register("wanted", wanted.to_arrow())
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE places AS SELECT text_hash, min(window_start) AS window_start "
            f"FROM {table}{at} SEMI JOIN wanted USING (text_hash) WHERE encoder = $1 GROUP BY text_hash",
            [encoder],
        )
        windows = [row[0] for row in connection.execute("SELECT DISTINCT window_start FROM places").fetchall()]
        if windows:
            rows = connection.execute(
                f"SELECT {', '.join(_VECTOR)} FROM {table}{at} JOIN places USING (text_hash, window_start) "
                f"WHERE encoder = ? AND window_start IN ({_places(windows)})",
                [encoder, *windows],
            )
            found.append(rows.pl())
        wanted = wanted.join(found[-1], on="text_hash", how="anti")
    return pl.concat(found).sort("text_hash")


def loaded_windows(
    connection: duckdb.DuckDBPyConnection, table: str, windows: Sequence[Window], version: int | None
) -> list[Window]:
    """Those of the windows that have been loaded into the table, also with no row, in the order given."""
    at = "" if version is None else f" AT (VERSION => {version:d})"
    found = connection.execute(
        f"SELECT DISTINCT window_start FROM {WINDOW_LOADS.name}{at} WHERE table_name = $1", [table]
    )
    loaded = {row[0] for row in found.fetchall()}
    return [w for w in windows if w.start in loaded]


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _checked(window: Window, frames: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    allowed = [name for name in TABLES if name != WINDOW_LOADS.name]
    if not frames:
        raise ContractError(f"window {window.key}: no table given to replace; give some of {', '.join(allowed)}")
    for name, frame in frames.items():
        if name not in allowed:
            raise ContractError(f"{name!r} is no table to write to; there are {', '.join(allowed)}")
        TABLES[name].check(frame, window.start)
    return {name: frame.height for name, frame in frames.items()}


def _attempt(catalog: Catalog, window: Window, frames: Mapping[str, pl.DataFrame], stamp: Stamp) -> int:
    try:
        with catalog.connect(read_only=False) as connection:
            # all that takes time and needs no lake is done before the turn
            batches = {**frames, WINDOW_LOADS.name: _loads(window, frames, stamp)}
            for name, frame in batches.items():
                connection.register(f"new_{name}", frame.to_arrow())
            with turn(connection, catalog.address, [f"{name} {window.key}" for name in frames]):
                return _transaction(connection, window, frames, stamp)
    except duckdb.TransactionException:
        raise
    except BaseException:
        catalog.forget(read_only=False)
        raise


def _transaction(
    connection: duckdb.DuckDBPyConnection, window: Window, frames: Mapping[str, pl.DataFrame], stamp: Stamp
) -> int:
    connection.execute("BEGIN")
    try:
        for name in frames:
            connection.execute(f"DELETE FROM {name} WHERE window_start = $1", [window.start])
            _insert(connection, name)
        connection.execute(
            f"DELETE FROM {WINDOW_LOADS.name} WHERE window_start = ? AND table_name IN ({_places(list(frames))})",
            [window.start, *frames],
        )
        _insert(connection, WINDOW_LOADS.name)
        connection.execute("CALL lake.set_commit_message($1, $2, extra_info => $3)", _message(window, frames, stamp))
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a failed COMMIT has rolled back already
            connection.execute("ROLLBACK")
        raise
    row = connection.execute("FROM lake.last_committed_snapshot()").fetchone()
    assert row is not None
    return int(row[0])


def _insert(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM new_{name}")


def _loads(window: Window, frames: Mapping[str, pl.DataFrame], stamp: Stamp) -> pl.DataFrame:
    who = {k: v for k, v in asdict(stamp).items() if k != "author"}
    rows = [{"table_name": n, "rows": f.height, "loaded_at": utc_now(), **who} for n, f in frames.items()]
    return WINDOW_LOADS.conform(pl.DataFrame(rows), window.start)


def _message(window: Window, frames: Mapping[str, pl.DataFrame], stamp: Stamp) -> list[str]:
    facts = {k: v for k, v in asdict(stamp).items() if k != "author"}
    facts |= {"partition": window.key, "rows": {name: frame.height for name, frame in frames.items()}}
    return [stamp.author, f"{stamp.asset} {window.key}, run {stamp.dagster_run_id}", json.dumps(facts)]
