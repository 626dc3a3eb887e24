"""The state in force, and its renewal when another file is published."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from interest_platform.errors import InterestError
from interest_platform.service.metrics import Metrics
from interest_platform.service.state import State

RETRY_SECONDS = 30.0
"""A file that could not be loaded is tried again after that time, for what was missing beside it may be there."""

log = logging.getLogger("interest_platform.service")


class Current:
    """Holds one reference to the state; a request takes it once and is answered from that."""

    def __init__(self, path: Path, load: Callable[[], State], metrics: Metrics) -> None:
        self._path, self._load, self._metrics = path, load, metrics
        self._tried: tuple[int, ...] | None = None
        self._retry_at = float("inf")
        self.state: State | None = None

    async def look(self) -> bool:
        """Load the published file if it is another than the last one tried; whether there is a new state.

        Loading happens in a thread. The old state stays where the file can't be loaded.
        """
        found = _signature(self._path)
        if found is None or (found == self._tried and time.monotonic() < self._retry_at):
            return False
        self._tried, self._retry_at = found, float("inf")
        begun = time.perf_counter()
        try:
            state = await asyncio.to_thread(self._load)
        except InterestError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._metrics.load_failed()
            log.error("%s%s", error, "; the old one is still served" if self.state else "")
            return False
        self.state = state
        self._metrics.loaded(state, time.perf_counter() - begun)
        log.info("lake version %d is served, newest window %s", state.lake_version, state.segments_window or "none")
        if state.no_map:
            log.warning("texts can't be assigned: %s", state.no_map)
        return True

    async def watch(self, seconds: float, renewed: Callable[[], object]) -> None:
        """Look again and again, and tell who wants to know of each new state; until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                if await self.look():
                    renewed()
            # a task that dies would leave the service on one version for good
            except Exception as error:
                self._metrics.load_failed()
                log.error("the published file can't be loaded: %s", type(error).__name__)


def _signature(path: Path) -> tuple[int, ...] | None:
    """What changes when another file is renamed to the path."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
