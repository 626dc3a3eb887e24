"""Whose turn it is to write: a file lock beside a SQLite catalog, advisory locks in a PostgreSQL one.

Both are freed by the system when their holder dies.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
from filelock import FileLock, Timeout

from interest_platform.errors import LakeError
from interest_platform.lake.address import Address, literal

LOCK_SECONDS = 900.0
"""How long a writer waits for the file lock before it says that somebody holds it."""


@contextmanager
def turn(instance: duckdb.DuckDBPyConnection, address: Address, names: Sequence[str] | None) -> Iterator[None]:
    """Hold the turn to write what the names stand for; None: everything.

    Overlapping transactions on a SQLite catalog always conflict at COMMIT, whatever they write, the busy timeout or the
    number of retries: there is one turn for all. A PostgreSQL catalog takes them side by side, and lets two also insert
    the same new window, which would be there twice then: there is a turn a name. Raises `LakeError` when the file lock
    isn't free within `LOCK_SECONDS`.
    """
    with _file_lock(address) if address.embedded else _advisory_locks(instance, address, names):
        yield


@contextmanager
def _file_lock(address: Address) -> Iterator[None]:
    lock = FileLock(address.folder / "write.lock")
    try:
        lock.acquire(timeout=LOCK_SECONDS, poll_interval=0.01)
    except Timeout:
        raise LakeError(
            f"the lake's lock {lock.lock_file} is held for over {LOCK_SECONDS:.0f} s: is a writer stopped?"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_locks(
    instance: duckdb.DuckDBPyConnection, address: Address, names: Sequence[str] | None
) -> Iterator[None]:
    # who wants everything excludes all others, who share this one and exclude each other by name; in one order, so that
    # no two wait for each other
    everything = "pg_advisory_xact_lock" + ("" if names is None else "_shared")
    locks = [f"{everything}({_number('everything')})"]
    locks += [f"pg_advisory_xact_lock({number})" for number in sorted(map(_number, names or ()))]
    # a connection of its own, whose open transaction holds them
    instance.execute(
        f"ATTACH IF NOT EXISTS {literal(address.catalog.removeprefix('postgres:'))} AS turns (TYPE postgres, READ_ONLY)"
    )
    holder = instance.cursor()
    try:
        holder.execute("BEGIN")
        for lock in locks:
            holder.execute(f"FROM postgres_query('turns', 'SELECT {lock}::TEXT')").fetchall()
        yield
    finally:
        # closing it rolls back, which frees them
        holder.close()


def _number(name: str) -> int:
    """PostgreSQL's advisory locks are 64-bit numbers."""
    digest = hashlib.sha256(f"interest_platform/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
