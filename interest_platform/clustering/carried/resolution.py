"""Which number of segments is taken, of those that were measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.carried.reproducibility import FEWEST, PLAIN, SURE, Agreement

OBVIOUS = 0.5
"""Agreement from which on two segments are believed where no more than two can be measured: nothing else is held
against them. In reviews of a few users a month it is .9 and more from the first window that can tell."""

GROWN = 2
"""How many times as many segments can be measured as when the number was chosen, for it to be chosen anew."""

STAY_GROWN = 0.75
"""Share of the best value with which the number stays then: it was chosen while there were too few users for more."""

AT_ONCE = 3
"""How many times as many segments there are at most after one measurement: a number is found out in steps."""

MOST_OF = 0.8
"""Share of the best agreement that is enough for a smaller number of segments, where agreement is weak."""


@dataclass(frozen=True)
class Detail:
    """How fine segments are: `power` of the entropy in what is best, `near` the share of the best that is as good, and
    `stay` the share with which the number there is stays."""

    power: float
    near: float
    stay: float = 0.75


DETAILS: Mapping[str, Detail] = {
    "coarse": Detail(0.0, 1.0),
    "normal": Detail(0.5, 0.97, 0.65),
    "fine": Detail(0.8, 0.85, 0.85),
}
"""The three settings of `clustering.detail`."""


def has_grown(found: Mapping[int, Agreement], chosen_of: int | None) -> bool:
    """Whether far more segments can be measured than when their number was chosen, of `chosen_of` at most."""
    return bool(found) and (chosen_of is None or max(found) >= GROWN * chosen_of)


def chosen_k(found: Mapping[int, Agreement], k: int, detail: Detail, grown: bool = False) -> int:
    """The number of segments: the one there is as long as it is nearly as good as the best, else the finest good one.

    A number is as good as its agreement times the entropy to a power below 1: agreement alone prefers one large
    segment beside a small one, entropy alone the finest. Where agreement is sure but below `PLAIN`, segments are few at
    first and their number stays what it is. `grown` tells that there are far more users than when k was chosen.
    """
    if not found:
        return k
    value = {each: told.ami * told.entropy**detail.power for each, told in found.items()}
    best = max(value, key=lambda each: value[each])
    sure = {each: told for each, told in found.items() if told.sure}
    strongest = max(sure.values(), key=lambda told: told.ami, default=None)
    if strongest is None or (k > 1 and strongest.ami < PLAIN) or (max(found) == FEWEST and not _obvious(strongest)):
        return k
    if strongest.ami < PLAIN:
        return _fewest(found)
    if k > 1:
        here = float(np.interp(k, sorted(value), [value[each] for each in sorted(value)]))
        if here >= (max(detail.stay, STAY_GROWN) if grown else detail.stay) * value[best]:
            return k
    finest = max(each for each in value if value[each] >= detail.near * value[best])
    return finest if k == 1 else min(finest, AT_ONCE * k)


def _obvious(told: Agreement) -> bool:
    return told.ami >= max(OBVIOUS, SURE * told.chance)


def _fewest(found: Mapping[int, Agreement]) -> int:
    """The smallest number that has `MOST_OF` the best agreement: weak structure gives few segments.

    That there are any takes one number that is sure; how many is the best guess then, since that number stays.
    """
    best = max(told.ami for told in found.values())
    return min(each for each, told in found.items() if told.ami >= MOST_OF * best)


def agreement_at(found: Mapping[int, Agreement], k: int) -> float | None:
    """The agreement of k segments, between those of the numbers that were measured."""
    return float(np.interp(k, sorted(found), [found[each].ami for each in sorted(found)])) if found and k > 1 else None
