"""Which number of segments is taken, of those that were measured."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.carried.reproducibility import PLAIN, Agreement

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


def chosen_k(found: Mapping[int, Agreement], k: int, detail: Detail) -> int:
    """The number of segments: the one there is as long as it is nearly as good as the best, else the finest good one.

    A number is as good as its agreement times the entropy to a power below 1: agreement alone prefers one large
    segment beside a small one, entropy alone the finest. Where agreement is sure but below `PLAIN`, segments are few at
    first and their number stays what it is.
    """
    if not found:
        return k
    value = {each: told.ami * told.entropy**detail.power for each, told in found.items()}
    best = max(value, key=lambda each: value[each])
    strongest = max(found.values(), key=lambda told: told.ami)
    if not strongest.sure or (k > 1 and strongest.ami < PLAIN):
        return k
    if strongest.ami < PLAIN:
        return _fewest(found)
    if k > 1:
        here = float(np.interp(k, sorted(value), [value[each] for each in sorted(value)]))
        if here >= detail.stay * value[best]:
            return k
    return max(each for each in value if value[each] >= detail.near * value[best])


def _fewest(found: Mapping[int, Agreement]) -> int:
    """The smallest number that has `MOST_OF` the best agreement: weak structure gives few segments."""
    best = max(told.ami for told in found.values())
    return min(each for each, told in found.items() if told.ami >= MOST_OF * best)


def agreement_at(found: Mapping[int, Agreement], k: int) -> float | None:
    """The agreement of k segments, between those of the numbers that were measured."""
    return float(np.interp(k, sorted(found), [found[each].ami for each in sorted(found)])) if found and k > 1 else None
