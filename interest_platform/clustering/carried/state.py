"""What is carried from one window to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

SHARPNESS = 9.0
"""How sharply a vector tells its segment, until users who return have shown it."""

MOVING = 0.2
"""Share of returning users who move at random, until they have shown it."""


@dataclass(frozen=True)
class Change:
    """What happened to segments: `birth`, `split`, `merge` or `death`, by their lineages, and why it is believed.

    `windows` ago is when it began: 1 where it took this window to confirm what the last one showed.
    """

    kind: str
    parents: tuple[str, ...]
    children: tuple[str, ...]
    evidence: str
    windows: int = 0


@dataclass(frozen=True)
class State:
    """The segments after a window: those that go on, and those that ended not long ago.

    `centroids` (k, d) unit; `lineages` (k,) what they are called, never given twice; `ages` (k,) windows since they
    began; `ended` (e, d) centroids of segments that ended, `ended_lineages` (e,) what they were called and `ended_ago`
    (e,) how many windows ago (0: in this one): the texts of the time before stay theirs. `measured_ago` is how many
    windows ago the number of segments was last measured, None: never; `chosen_of` is the largest number that could be
    measured when theirs was chosen, None: none was. `themes` has the theme of each lineage, none where no tree holds.
    `sharpness` and `moving` are those of `belief`.
    """

    centroids: np.ndarray
    lineages: tuple[str, ...]
    ages: tuple[int, ...]
    ended: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    ended_lineages: tuple[str, ...] = ()
    ended_ago: tuple[int, ...] = ()
    measured_ago: int | None = None
    chosen_of: int | None = None
    themes: Mapping[str, str] = field(default_factory=dict)
    sharpness: float = SHARPNESS
    moving: float = MOVING

    @property
    def k(self) -> int:
        """How many segments go on."""
        return len(self.lineages)
