"""The most memory a piece of work takes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

EVERY = 0.01
"""Seconds between two looks."""


@dataclass
class Peak:
    """Most resident memory above what the process held before, in MiB."""

    mib: float = 0.0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Look at the process's memory while the block runs; what is taken and given back between two looks is not seen."""
    import psutil

    process, peak, done = psutil.Process(), Peak(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        peak.mib = max(peak.mib, (process.memory_info().rss - before) / 2**20)

    def watch() -> None:
        while not done.wait(EVERY):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        look()
