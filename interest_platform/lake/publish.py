"""The published file: built anew beside the old one from one lake version, then renamed over it."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from filelock import FileLock

from interest_platform.errors import LakeError
from interest_platform.lake.address import Address, literal
from interest_platform.lake.failures import told
from interest_platform.lake.lake import Lake
from interest_platform.lake.staleness import stale_in

PUBLICATION = "publication"
"""The table, in schema `main` of the published file, that says which lake version it shows: exactly one row."""

_LEFT_OVER_SECONDS = 86_400


@dataclass
class Build:
    """A new file being built. `path` does not exist yet; `published` tells, afterwards, whether it is the file now.

    `stale()` are the starts of the windows that are to be restated, which dbt is told so that there is one rule for it.
    """

    path: Path
    version: int
    address: Address
    stale: Callable[[], Sequence[datetime]] = list
    published: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """The variables that dbt reads; the catalog's password only as libpq's own PGPASSWORD."""
        variables = {
            "INTEREST_DBT_PATH": str(self.path),
            "INTEREST_DBT_CATALOG": f"ducklake:{self.address.catalog}",
            "INTEREST_DBT_DATA_PATH": self.address.data_path,
            "INTEREST_DBT_LAKE_VERSION": str(self.version),
            "INTEREST_DBT_EXTENSIONS": str(self.address.extensions),
            "INTEREST_DBT_STALE_WINDOWS": ",".join(f"{start:%Y-%m-%d}" for start in self.stale()),
        }
        if self.address.password is not None:
            variables["PGPASSWORD"] = self.address.password.get_secret_value()
        return variables


@contextmanager
def building(lake: Lake, *, version: int | None = None) -> Iterator[Build]:
    """Give the place for a new file, built from the lake's newest version; publish what was built there on leaving.

    The block leaves at `path` a DuckDB file with `main.publication (lake_version BIGINT, published_at TIMESTAMP)`, one
    row. It replaces the published file at once and whole, unless that one shows a newer version. Readers keep the file
    they have open. When the block fails the old file stays; what was built is removed in any case. Any number of builds
    may run at once. Raises `LakeError` for a file that is missing or says another version.
    """
    target = lake.settings.published_file
    with told(f"{target.parent} can't be written"):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        # a folder of its own, so that DuckDB's log and spill files beside it vanish with it
        folder = Path(tempfile.mkdtemp(prefix=".build-", dir=target.parent))
    try:
        shown = lake.version() if version is None else version

        def stale() -> list[datetime]:
            return stale_in(lake, shown)["window_start"].unique().sort().to_list()

        build = Build(folder / target.name, shown, lake.address, stale)
        yield build
        with told(f"{target.name} can't be published, the old one stays"):
            build.published = _publish(build, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def published_version(path: Path) -> int | None:
    """The lake version that a published file shows; None where there is no file, or none that can be read."""
    if not path.is_file():
        return None
    # attached to an instance of its own: opened by its path, DuckDB would hand out the file that this process may
    # still have open under that name, though it has been replaced since
    with duckdb.connect(":memory:") as instance, contextlib.suppress(duckdb.Error):
        instance.execute(f"ATTACH {literal(str(path))} AS published (READ_ONLY)")
        return _only_row(instance, f"published.main.{PUBLICATION}")
    return None


def _publish(build: Build, target: Path) -> bool:
    _finish(build)
    with FileLock(build.address.folder / "publish.lock"):
        present = published_version(target)
        if present is not None and present > build.version:
            return False
        build.path.replace(target)
    return True


def _finish(build: Build) -> None:
    """Check the file, empty its log into it, and put it on the disk: from here on it is only read."""
    if not build.path.is_file():
        raise LakeError(f"the build left no file at {build.path}")
    with duckdb.connect(str(build.path)) as connection:
        found = _only_row(connection, f"main.{PUBLICATION}")
        connection.execute("CHECKPOINT")
    if found != build.version:
        raise LakeError(f"main.{PUBLICATION} says lake version {found}, but the build was of {build.version}")
    # readable only: a BI tool that opens it for writing would lock all others out
    build.path.chmod(0o444)
    descriptor = os.open(build.path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _only_row(connection: duckdb.DuckDBPyConnection, table: str) -> int | None:
    rows = connection.execute(f"SELECT lake_version FROM {table}").fetchall()
    return int(rows[0][0]) if len(rows) == 1 else None


def _sweep(folder: Path) -> None:
    """Remove what builds that were killed have left."""
    for old in folder.glob(".build-*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _LEFT_OVER_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
