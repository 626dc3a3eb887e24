"""One thread for what takes long, and a short queue before it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


class QueueFull(Exception):
    """As many requests as may wait do."""


class Worker:
    """Runs calls one after another in a thread of its own, so that the event loop never blocks."""

    def __init__(self, most: int, name: str = "worker") -> None:
        self._most = most
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.waiting = 0
        """Calls that wait or run."""

    async def run(self, call: Callable[[], Result]) -> Result:
        """The call's result, or what it raises. Raises `QueueFull` at once where `most` calls wait or run already.

        A caller that gives up leaves the queue; a call that has begun runs to its end.
        """
        if self.waiting >= self._most:
            raise QueueFull
        self.waiting += 1
        loop = asyncio.get_running_loop()

        def left(_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody counts any more
                loop.call_soon_threadsafe(self._left)

        done = self._pool.submit(call)
        done.add_done_callback(left)
        return await asyncio.wrap_future(done)

    def _left(self) -> None:
        self.waiting -= 1

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
