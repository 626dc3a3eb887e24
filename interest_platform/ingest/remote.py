"""Sources behind a URL: DuckDB's httpfs, from its pinned package where that is installed."""

import importlib.util
from pathlib import Path

import duckdb

from interest_platform.errors import SourceError
from interest_platform.ingest import sql
from interest_platform.ingest.files import Dataset, File, is_remote


def prepare(con: duckdb.DuckDBPyConnection, source: str, address: str) -> None:
    """Load httpfs where the address is a URL. Raises `SourceError`.

    Keys for S3 are those of the environment (`AWS_ACCESS_KEY_ID` and so on), which httpfs reads itself.
    """
    if not is_remote(address):
        return
    path = _packaged()
    try:
        if path:
            con.execute(f"LOAD {sql.text(str(path))}")
        else:
            con.execute("INSTALL httpfs")
            con.execute("LOAD httpfs")
    except duckdb.Error as error:
        raise SourceError(
            f"source {source}: {address} needs DuckDB's httpfs, which can't be loaded "
            f"({sql.one_line(error)}); install duckdb-extension-httpfs"
        ) from error


def _packaged() -> Path | None:
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    return path if path.is_file() else None


def fetched(con: duckdb.DuckDBPyConnection, source: str, dataset: Dataset, folder: Path) -> Dataset:
    """The same files, those behind a URL copied whole into `folder`: a text file can only be read from its start.

    Raises `SourceError`.
    """
    files = []
    for number, file in enumerate(dataset.files):
        if is_remote(file.path):
            local = folder / f"{source}-{number}"
            with sql.telling(source):
                row = con.execute("SELECT content FROM read_blob(?)", [file.path]).fetchone()
                local.write_bytes(row[0] if row else b"")
            file = File(str(local), file.name)
        files.append(file)
    return Dataset(dataset.format, tuple(files))
