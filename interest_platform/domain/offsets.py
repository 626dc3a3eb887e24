"""Which windows a step reads, relative to its own, as the settings have it."""

from collections.abc import Callable
from dataclasses import dataclass

USUAL = 12
"""Earlier windows whose changes tell how much change is usual."""

ALONE = 3
"""Windows of a single cluster after which groups that were apart are believed to be gone."""


@dataclass(frozen=True)
class Reach:
    """How far back the steps look: windows of texts behind an interest, windows a segment may be absent, windows to the
    one that drift compares with, windows of interactions behind a list, windows back to the oldest that weights are
    learned at the end of, windows that a list is judged by, and windows whose users are pooled to find segments."""

    lookback: int
    grace: int
    reference: int = 1
    history: int = 1
    taught: int = 0
    horizon: int = 1
    pooled: int = 1


Offsets = Callable[[Reach], range]
"""The windows that are read, relative to the step's own: 0 is the same window, -1 the last."""


def here(_: Reach) -> range:
    """The step's own window."""
    return range(0, 1)


def last(_: Reach) -> range:
    """The window before."""
    return range(-1, 0)


def last_and_here(_: Reach) -> range:
    """The window before, and the step's own."""
    return range(-1, 1)


def lookback(reach: Reach) -> range:
    """The windows whose texts make the interests of this one."""
    return range(1 - reach.lookback, 1)


def lookback_of_last(reach: Reach) -> range:
    """The windows whose texts make the interests of this one and of the last."""
    return range(-reach.lookback, 1)


def carried(reach: Reach) -> range:
    """Back to the oldest window that a segment may have been seen in last, and this one."""
    return range(-1 - reach.grace, 1)


def before(reach: Reach) -> range:
    """Back to the oldest window that a segment may have been seen in last, without this one."""
    return range(-1 - reach.grace, 0)


def alone_before(reach: Reach) -> range:
    """The same, and far enough back to see whether there has been a single cluster for `ALONE` windows."""
    return range(-max(1 + reach.grace, ALONE), 0)


def ever(reach: Reach) -> range:
    """Every window before; `EVER` tells them from `before`, since Dagster's mappings have to have a beginning."""
    return before(reach)


def compared(reach: Reach) -> range:
    """The windows whose encoder anything in this one is compared with."""
    return range(-max(reach.lookback - 1, 1 + reach.grace), 1)


def pooled(reach: Reach) -> range:
    """The windows whose users are pooled to find segments."""
    return range(1 - reach.pooled, 1)


def pooled_and_last(reach: Reach) -> range:
    """The same, and back to the oldest window whose clusters this one may start from."""
    return range(min(1 - reach.pooled, -1 - reach.grace), 1)


def reference(reach: Reach) -> range:
    """The window that drift compares with, and this one; none of those between."""
    return range(-reach.reference, 1, reach.reference)


def texts_of_reference(reach: Reach) -> range:
    """From the oldest text behind the interests of the window that drift compares with to this window."""
    return range(1 - reach.reference - reach.lookback, 1)


def usual(_: Reach) -> range:
    """The windows whose changes tell how much change is usual."""
    return range(-USUAL, 0)


def since_provisional(reach: Reach) -> range:
    """From the window after the one whose segments a micro-batch went on from."""
    return range(-reach.grace, 1)


def remembered(reach: Reach) -> range:
    """The interactions behind lists, and behind the past windows at whose ends their weights are learned."""
    return range(1 - reach.history - reach.taught, 1)


def active(reach: Reach) -> range:
    """The same, and the texts of users who are offered something: those of the lookback."""
    return range(min(1 - reach.history - reach.taught, 1 - reach.lookback), 1)


def taught(reach: Reach) -> range:
    """The past windows at whose ends weights are learned, and this one."""
    return range(-reach.taught, 1)


def judged(reach: Reach) -> range:
    """The window whose lists are judged."""
    return range(-reach.horizon, 1 - reach.horizon)


def since_judged(reach: Reach) -> range:
    """The windows that the lists are judged by."""
    return range(1 - reach.horizon, 1)


def judged_before(reach: Reach) -> range:
    """The earlier windows whose outcomes are pooled with this one's."""
    return range(1 - reach.history, 0)
