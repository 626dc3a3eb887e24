"""Lighter SQLite storage of Dagster's events while a run goes on in this process.

Dagster opens and closes a connection for every event it stores, and a run over 14 windows stores some 800: syncing each
commit and folding the write-ahead log back at each close took a third of a run that has nothing to encode.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def light_event_storage() -> Iterator[None]:
    """Inside the block, SQLite files in WAL mode don't sync each commit, and stay open between connections.

    In WAL mode a commit that is not synced can be lost with the power, but the file is never torn; a process that is
    killed loses nothing (sqlite.org/pragma.html#pragma_synchronous). The last connection to a file folds its log back.
    """
    # a sixth of the time that loading the definitions takes, and these store no event
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    held: dict[str, sqlite3.Connection] = {}

    def lighten(connection: Any, _: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        [(mode,)] = connection.execute("PRAGMA journal_mode").fetchall()
        if mode != "wal":
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if path not in held:
            held[path] = sqlite3.connect(path, check_same_thread=False)
            held[path].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Engine, "connect", lighten)
    try:
        yield
    finally:
        event.remove(Engine, "connect", lighten)
        for connection in held.values():
            connection.close()
