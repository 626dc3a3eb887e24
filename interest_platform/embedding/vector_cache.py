"""Vectors that have been paid for: kept on disk the moment they arrive, so that none is paid for twice."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from filelock import FileLock

MANY_FILES = 32
"""More files than that are joined to one when the cache is next left: a batch is a file, and reading many is slow."""

SCHEMA = pl.Schema({"text_hash": pl.String(), "vector": pl.List(pl.Float32()), "n_tokens": pl.Int32()})


def text_key(text: str) -> str:
    """Lower-case hex SHA-256 of the text as it was sent (UTF-8)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class VectorCache:
    """The vectors of one encoder: Parquet files of `text_hash`, `vector` and `n_tokens` in `folder/FINGERPRINT`.

    A file is named by its own hashes and appears whole (written beside and renamed), so that a killed process leaves
    no half of one. The folder holds no text and may be deleted at any time; what was in it is then paid for again.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder / fingerprint

    @contextmanager
    def held(self) -> Iterator[None]:
        """For one process at a time: whoever comes next finds what this one has paid for."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / ".lock"):
            for torn in self._folder.glob("*.part"):
                torn.unlink()
            try:
                yield
            finally:
                self._join()

    def find(self, keys: Sequence[str]) -> pl.DataFrame:
        """The rows of those of the keys that are there, each once."""
        files = self._files()
        if not files or not keys:
            return SCHEMA.to_frame()
        wanted = pl.Series(keys, dtype=pl.String).implode()
        return pl.scan_parquet(files).filter(pl.col("text_hash").is_in(wanted)).collect().unique("text_hash")

    def dimension(self) -> int | None:
        """Length of the vectors; None where there is none."""
        files = self._files()
        return len(pl.scan_parquet(files[0]).head(1).collect()["vector"][0]) if files else None

    def add(self, keys: Sequence[str], vectors: Iterable[Sequence[float]], n_tokens: Sequence[int]) -> None:
        """Keep rows; on disk when this returns."""
        columns = {"text_hash": list(keys), "vector": list(vectors), "n_tokens": list(n_tokens)}
        self._write(pl.DataFrame(columns, schema=SCHEMA))

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.parquet"))

    def _write(self, rows: pl.DataFrame) -> Path:
        name = hashlib.sha256("".join(rows["text_hash"]).encode()).hexdigest()[:32]
        path = self._folder / f"{name}.parquet"
        torn = path.with_suffix(".part")
        rows.write_parquet(torn)
        torn.replace(path)
        return path

    def _join(self) -> None:
        files = self._files()
        if len(files) > MANY_FILES:
            whole = self._write(pl.read_parquet(files).unique("text_hash", keep="first", maintain_order=True))
            for file in set(files) - {whole}:
                file.unlink()
