"""New texts on their way: cleaned in one thread, encoded in another, so that one request's texts are cleaned while
those of the one before are encoded."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from interest_platform.errors import EncoderError
from interest_platform.segments.segment_map import SegmentMap
from interest_platform.service.metrics import Metrics
from interest_platform.service.placing import NewUser, Placer
from interest_platform.service.problems import Problem
from interest_platform.service.watch import log
from interest_platform.service.worker import QueueFull, Worker
from interest_platform.settings import Settings

Result = TypeVar("Result")


class Assigner:
    """Places one user's texts; `service.queue` requests may be in each of the two steps."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._most, self._metrics = settings.config.service.queue, metrics
        self._placer = Placer(settings)
        self._cleaner, self._encoder = Worker(self._most, "cleaner"), Worker(self._most, "encoder")

    @property
    def waiting(self) -> int:
        """Requests that wait for the encoder or are in it."""
        return self._encoder.waiting

    async def place(self, segments: SegmentMap, texts: Sequence[str]) -> NewUser:
        """Raises `Problem` where nothing is left of the texts, they can't be encoded, or too many wait."""
        cleaned = await self._run(self._cleaner, "clean", partial(self._placer.clean, texts))
        if not cleaned:
            told = "texts: cleaning leaves nothing of them (quotes, signatures, markup and addresses are dropped)"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, told)
        return await self._run(self._encoder, "place", partial(self._placer.place, segments, cleaned))

    async def warm(self, segments: SegmentMap) -> None:
        """Load the encoder's weights; where that can't be, the log says why and so does each request."""
        with suppress(QueueFull):
            try:
                await self._encoder.run(partial(self._placer.warm, segments))
            except EncoderError as error:
                log.warning("texts can't be assigned: %s", error)

    def close(self) -> None:
        """Drop what waits."""
        self._cleaner.close()
        self._encoder.close()

    async def _run(self, worker: Worker, step: str, call: Callable[[], Result]) -> Result:
        def timed() -> Result:
            with self._metrics.step(step):
                return call()

        try:
            return await worker.run(timed)
        except QueueFull:
            told = f"{self._most} requests wait for the encoder already; try again"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, told, retry_after=1) from None
        except EncoderError as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"texts can't be assigned: {error}") from None
