"""How fast an endpoint may be asked: limits a minute, and a pause for everyone when the server asks for one."""

import threading
import time
from collections.abc import Callable

MINUTE = 60.0


class Pace:
    """Spaces requests evenly below the limits; shared by all threads that ask one endpoint.

    A request of n tokens moves the next one 60 / requests_per_minute and 60 n / tokens_per_minute seconds on,
    whichever is later: a leaky bucket without a burst.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests = requests_per_minute
        self._tokens = tokens_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock()

    def turn(self, tokens: int) -> float:
        """Take the next turn, for a request of that many tokens: seconds to wait until it is there."""
        with self._lock:
            now = self._clock()
            turn = max(self._free_at, now)
            by_requests = MINUTE / self._requests if self._requests else 0.0
            by_tokens = MINUTE * tokens / self._tokens if self._tokens else 0.0
            self._free_at = turn + max(by_requests, by_tokens)
            return turn - now

    def pause(self, seconds: float) -> None:
        """Let nobody ask before that many seconds have passed."""
        with self._lock:
            self._free_at = max(self._free_at, self._clock() + seconds)
