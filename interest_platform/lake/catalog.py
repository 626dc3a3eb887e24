"""Connections to a lake: DuckDB instances with the lake attached, and how it all is made."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from interest_platform.domain.tables import SCHEMA
from interest_platform.errors import LakeError
from interest_platform.lake import extensions, schema
from interest_platform.lake.address import Address
from interest_platform.lake.failures import told
from interest_platform.lake.turns import turn


class Catalog:
    """Opens connections to the lake at an address.

    Loading the extensions takes DuckDB a quarter of a second (it verifies 70 MB of signed binaries), so that one
    read-only and one writing instance are kept for this process; `connect` hands out cursors of them.

    Both compute in one thread. With two, reading and writing a window of 60,000 users x 384 took twice the CPU time and
    no less of the clock, a window of 130 users 16 ms instead of 8: each thread opens the catalog for itself.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._kept: dict[bool, duckdb.DuckDBPyConnection] = {}
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._guard = threading.Lock()
        self._process = os.getpid()

    @contextmanager
    def connect(self, *, read_only: bool = True, version: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with `lake` attached and `lake.interest` in use; of its own instance where a version is given.

        Raises `LakeError` where the lake can't be attached; errors of the caller's statements pass as they are.
        """
        with told("the lake can't be opened"):
            instance = self._instance(read_only) if version is None else self.open(version=version)
            cursor = instance.cursor()
            _use(cursor)
        try:
            yield cursor
        finally:
            cursor.close()
            if version is not None:
                instance.close()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection as `connect` gives, kept for the next reader: for statements that leave nothing behind.

        `USE` looks the schema up in the catalog, which takes as long as reading a small window's plan.
        """
        with told("the lake can't be opened"):
            instance = self._instance(read_only=True)
            with self._guard:
                cursor = self._idle.pop() if self._idle else None
            if cursor is None:
                cursor = instance.cursor()
                _use(cursor)
        try:
            yield cursor
        except BaseException:
            cursor.close()
            raise
        with self._guard:
            if self._kept.get(True) is instance:
                self._idle.append(cursor)
                return
        cursor.close()

    def open(self, *, read_only: bool = True, version: int | None = None) -> duckdb.DuckDBPyConnection:
        """A new instance with the lake attached. Raises `LakeError` where no lake has been made yet."""
        file = self.address.catalog_file
        if file is not None and not file.is_file():
            raise LakeError(f"there is no lake in {self.address.folder} yet: `interest run` makes it")
        instance = self._bare()
        try:
            instance.execute(self.address.attach(read_only=read_only, version=version))
        except BaseException:
            instance.close()
            raise
        return instance

    def forget(self, *, read_only: bool) -> None:
        """Close the kept instance: after a failure its state is not to be trusted."""
        with self._guard:
            instance = self._kept.pop(read_only, None)
            idle, self._idle = (self._idle, []) if read_only else ([], self._idle)
        for cursor in idle:
            cursor.close()
        if instance is not None:
            instance.close()

    def close(self) -> None:
        """Close what is kept; the next `connect` opens it again."""
        for read_only in (True, False):
            self.forget(read_only=read_only)

    def prepare(self) -> None:
        """Make what is missing of folders, catalog, schema and tables; commits nothing where nothing is."""
        with told(f"the lake in {self.address.folder} can't be made"):
            self.address.folder.mkdir(parents=True, exist_ok=True)
            if "://" not in self.address.data_path:
                Path(self.address.data_path).mkdir(parents=True, exist_ok=True)
            instance = self._bare()
            try:
                with turn(instance, self.address, None):
                    instance.execute(self.address.attach(read_only=False))
                    schema.upgrade(instance)
            finally:
                instance.close()

    def _instance(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        with self._guard:
            if self._process != os.getpid():
                # inherited over a fork, without its threads: closing it here would wait for them for ever
                self._kept, self._idle, self._process = {}, [], os.getpid()
            if read_only not in self._kept:
                self._kept[read_only] = self.open(read_only=read_only)
                self._kept[read_only].execute("SET threads = 1")
            return self._kept[read_only]

    def _bare(self) -> duckdb.DuckDBPyConnection:
        instance = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",  # else ATTACH tries the network
                "python_enable_replacements": "false",  # else a table's name may mean a local variable
                "temp_directory": str(self.address.folder / "spill"),  # else `.tmp` in the current folder
            },
        )
        try:
            extensions.load(instance, self.address.extensions, self.address.needed)
            if secret := self.address.secret():
                instance.execute(secret)
        except BaseException:
            instance.close()
            raise
        return instance


def _use(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"USE lake.{SCHEMA}")
    connection.execute("SET TimeZone = 'UTC'")
