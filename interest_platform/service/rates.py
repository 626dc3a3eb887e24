"""How fast one client may ask."""

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CLIENTS = 10_000
"""Clients remembered; the one unheard of the longest is forgotten, and begins anew."""


class Rates:
    """A token bucket a client: `burst` tokens, of which `per_second` grow back; a request takes one.

    Kept as the time at which the bucket is full again (the generic cell rate algorithm, ITU-T I.371): one number a
    client. For one thread.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second
        self._slack = (burst - 1) / per_second
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, client: str) -> float:
        """Take a token: 0, or the seconds until there is one, where nothing is taken."""
        now = self._clock()
        full_at = max(now, self._full_at.get(client, now))
        if (wait := full_at - self._slack - now) > 0:
            return wait
        self._full_at[client] = full_at + self._interval
        self._full_at.move_to_end(client)
        if len(self._full_at) > MOST_CLIENTS:
            self._full_at.popitem(last=False)
        return 0.0
