"""Lighter SQLite storage of Dagster's events while a run goes on in this process.

For each event that it stores Dagster makes engines, opens connections, compiles its statements and closes it all again,
and a run over 14 windows stores 1,350. Syncing each commit and folding the write-ahead log back at each close took a
third of a run that has nothing to encode; connecting and compiling anew, a twentieth.
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

    def lighten(connection: Any, record: Any, _: object) -> None:
        if not isinstance(connection, sqlite3.Connection) or record.info.get("light"):
            return
        [(mode,)] = connection.execute("PRAGMA journal_mode").fetchall()
        if mode != "wal":
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        record.info["light"] = True
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if path not in held:
            held[path] = sqlite3.connect(path, check_same_thread=False)
            held[path].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Engine, "checkout", lighten)
    try:
        with _lasting_engines():
            yield
    finally:
        event.remove(Engine, "checkout", lighten)
        for connection in held.values():
            connection.close()


@contextmanager
def _lasting_engines() -> Iterator[None]:
    """Inside the block, the event log has one engine a file, with its connection and its compiled statements.

    Dagster has no setting for it: the log's `create_engine` is replaced.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log  # noqa: TID251 - its engines are meant
    from sqlalchemy import Engine, create_engine

    made: dict[str, Engine] = {}

    def lasting(url: str, *, connect_args: dict[str, Any], **_: object) -> Engine:
        if url not in made:
            made[url] = create_engine(url, connect_args=connect_args)
            # the log disposes of its engine after every use
            made[url].dispose = lambda close=True: None  # type: ignore[method-assign]
        return made[url]

    own = sqlite_event_log.create_engine
    sqlite_event_log.create_engine = lasting  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite_event_log.create_engine = own
        for engine in made.values():
            Engine.dispose(engine)
