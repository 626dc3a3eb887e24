"""From a source's address to the files it means and their format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import duckdb

from interest_platform.errors import SourceError
from interest_platform.ingest import sql

ENDINGS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".duckdb": "duckdb",
    ".db": "duckdb",
}
COMPRESSED = (".gz", ".zst", ".zstd")
_MAGIC = "*?["


@dataclass(frozen=True)
class File:
    """A file to read, and the name that its rows' `row_ref` carries: its path below the glob's fixed folder."""

    path: str
    name: str


@dataclass(frozen=True)
class Dataset:
    """The files of a source, in the order of their names, all of one format."""

    format: str
    files: tuple[File, ...]


def is_remote(uri: str) -> bool:
    """Whether the address is a URL."""
    return "://" in uri


def find(con: duckdb.DuckDBPyConnection, source: str, uri: str, stated: str | None) -> Dataset:
    """The files of an absolute address. Raises `SourceError` where there is none or their format can't be told."""
    files = _files(con, source, uri)
    formats = {stated or _format(f.path): f for f in reversed(files)}
    if None in formats:
        known = ", ".join(ENDINGS)
        raise SourceError(
            f"source {source}: the format of {formats[None].name} can't be told by its ending ({known}, also before "
            f"{' or '.join(COMPRESSED)}); set `format` to parquet, csv, jsonl or duckdb"
        )
    if len(formats) > 1:
        raise SourceError(
            f"source {source}: {uri} matches files of {' and '.join(sorted(map(str, formats)))}; one is allowed"
        )
    return Dataset(str(next(iter(formats))), files)


def _files(con: duckdb.DuckDBPyConnection, source: str, uri: str) -> tuple[File, ...]:
    if is_remote(uri) and (uri.startswith("http") or not _is_glob(uri)):
        return (File(uri, PurePosixPath(urlsplit(uri).path).name or uri),)
    if not is_remote(uri) and Path(uri).is_file():
        return (File(uri, Path(uri).name),)
    if not is_remote(uri) and Path(uri).is_dir():
        raise SourceError(
            f"source {source}: {uri} is a folder; give a file or a glob such as {uri.rstrip('/')}/*.parquet"
        )
    if not _is_glob(uri):
        raise SourceError(f"source {source}: there is no file {uri}")
    with sql.telling(source):
        found = [row[0] for row in con.execute("SELECT file FROM glob(?)", [uri]).fetchall()]
    if not found:
        raise SourceError(f"source {source}: no file matches {uri}")
    fixed = _fixed_folder(uri)
    return tuple(sorted((File(path, path.removeprefix(fixed)) for path in found), key=lambda f: f.name))


def _is_glob(uri: str) -> bool:
    return any(c in uri for c in _MAGIC)


def _fixed_folder(uri: str) -> str:
    """The part of a glob up to the last `/` before its first wildcard: stable, whatever files come to match."""
    first = min(uri.index(c) for c in _MAGIC if c in uri)
    return uri[: uri.rindex("/", 0, first) + 1] if "/" in uri[:first] else ""


def _format(path: str) -> str | None:
    pure = PurePosixPath(urlsplit(path).path if is_remote(path) else path)
    if pure.suffix.lower() in COMPRESSED:
        pure = pure.with_suffix("")
    return ENDINGS.get(pure.suffix.lower())


def escaped(paths: Sequence[str]) -> list[str]:
    """Paths for DuckDB's readers, which take each for a glob."""
    return [path if is_remote(path) else "".join(f"[{c}]" if c in _MAGIC else c for c in path) for path in paths]
