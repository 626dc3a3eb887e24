"""DuckDB's extensions from pinned packages, linked where DuckDB looks for them: nothing is fetched at run time."""

import contextlib
import importlib.util
import shutil
import tempfile
from pathlib import Path

import duckdb

from interest_platform.errors import LakeError
from interest_platform.lake.failures import one_line


def load(connection: duckdb.DuckDBPyConnection, folder: Path, names: tuple[str, ...]) -> None:
    """Load the extensions; one without a package that fits this DuckDB is installed from DuckDB's own repository.

    `folder` becomes DuckDB's `extension_directory`. Raises `LakeError` where an extension can't be had.
    """
    platform = _platform(connection)
    connection.execute("SET extension_directory = $1", [str(folder)])
    for name in names:
        path = folder / _version() / platform / f"{name}.duckdb_extension"
        try:
            if not path.exists() and not _place(name, path):
                connection.execute(f"INSTALL {name}")
            connection.execute(f"LOAD {name}")
        except duckdb.Error as error:
            package = f"duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
            raise LakeError(
                f"DuckDB's extension {name} can't be loaded: install the package {package} ({one_line(error)})"
            ) from error


def packaged(name: str) -> Path | None:
    """The extension's binary in its package, or None where there is none for this version of DuckDB."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    for location in (spec.submodule_search_locations or []) if spec else []:
        path = Path(location) / "extensions" / _version() / f"{name}.duckdb_extension"
        if path.is_file():
            return path
    return None


def _version() -> str:
    return f"v{duckdb.__version__}"


def _platform(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("PRAGMA platform").fetchone()
    return str(row[0]) if row else ""


def _place(name: str, path: Path) -> bool:
    """Link (or copy) the packaged binary to `path`, also over a link that leads nowhere; False without a package."""
    binary = packaged(name)
    if binary is None:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # made under another name, then renamed: of two processes that begin at once neither meets half a file
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=path.parent)) / path.name
    try:
        try:
            beside.symlink_to(binary)
        except OSError:
            shutil.copyfile(binary, beside)
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(beside.parent)
    return True
