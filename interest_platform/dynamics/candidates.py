"""The transitions that may explain a window, each with the evidence for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from interest_platform.dynamics.assignment import Candidate
from interest_platform.dynamics.geometry import Geometry
from interest_platform.dynamics.items import Items
from interest_platform.dynamics.members import Members
from interest_platform.dynamics.passage import Groups, Passage

NEAR = 6
"""Children a parent's splits are searched among (and parents a child's merges): the most likely relatives."""

PARTS = 3
"""Most parts of a split or merge that are searched; those of more parts come out as several events."""


def candidates_of(members: Members, space: Geometry, about: Items | None) -> list[Candidate]:
    """Every death and birth, and all links for which there is evidence."""
    before, after = len(members.passage.before), len(members.passage.after)
    single = [Candidate("death", (i,), ()) for i in range(before)] + [
        Candidate("birth", (), (j,)) for j in range(after)
    ]
    if not before or not after:
        return single
    told = _Evidence(members, space, about)
    linked = _survivals(told) + _splits(told) + _merges(told)
    # who is linked needs a reason, and one that tells it from others: not only that nobody came back anywhere
    return single + [c for c in linked if c.evidence > 0 and _is_told(c, members.passage)]


def _is_told(candidate: Candidate, passage: Passage) -> bool:
    """Whether users, places or items say anything of these clusters together."""
    returned = passage.flows[list(candidate.parents)].sum() > 0
    return bool(returned or candidate.geometry != 0 or candidate.items != 0)


@dataclass(frozen=True)
class _Evidence:
    """What speaks for links between the clusters of two windows, both of which have some."""

    members: Members
    space: Geometry
    about: Items | None

    @cached_property
    def who(self) -> np.ndarray:
        """(before, after): returning users of one went to the other."""
        before, after = len(self.members.passage.before), len(self.members.passage.after)
        return np.array([self.members.to(i, [(j,) for j in range(after)]) for i in range(before)])

    @cached_property
    def where(self) -> np.ndarray:
        """(before, after): one's centroid lies near the other's."""
        return self.space.survive()

    @cached_property
    def returning(self) -> np.ndarray:
        return self.members.returning()

    @cached_property
    def known(self) -> np.ndarray:
        return self.members.known()


def _survivals(told: _Evidence) -> list[Candidate]:
    who = told.who + told.returning[:, None] + told.known
    what = told.about.survive() if told.about else np.zeros(who.shape)
    evidences = np.stack((who, told.where, what), axis=-1).tolist()
    return [Candidate("survive", (i,), (j,), *of) for i, row in enumerate(evidences) for j, of in enumerate(row)]


def _splits(told: _Evidence) -> list[Candidate]:
    flows = told.members.passage.flows
    return [
        Candidate("split", (i,), parts, *evidences)
        for i in range(len(flows))
        for groups in _groups(_relatives(flows[i], told.where[i]))
        for parts, evidences in _weighed(
            groups,
            told.members.to(i, groups) + told.returning[i] + told.known[np.asarray(groups)].sum(axis=1),
            told.space.splits(i, groups),
            told.about.splits(i, groups) if told.about else np.zeros(len(groups)),
        )
    ]


def _merges(told: _Evidence) -> list[Candidate]:
    flows = told.members.passage.flows
    return [
        Candidate("merge", parts, (j,), *evidences)
        for j in range(flows.shape[1])
        for groups in _groups(_relatives(flows[:, j], told.where[:, j]))
        for parts, evidences in _weighed(
            groups,
            (told.who[:, j] + told.returning)[np.asarray(groups)].sum(axis=1) + told.known[j],
            told.space.merges(groups, j),
            told.about.merges(groups, j) if told.about else np.zeros(len(groups)),
        )
    ]


def _relatives(flows: np.ndarray, where: np.ndarray) -> list[int]:
    """The likely relatives by the better of their ranks in who and in where; equals by who, then by where."""
    by_flow, by_place = (np.searchsorted(np.sort(of), of) for of in (flows, where))
    order = np.lexsort((-where, -flows, -(by_flow + by_place), -np.maximum(by_flow, by_place)))
    return sorted(order[:NEAR].tolist())


def _groups(near: list[int]) -> list[list[tuple[int, ...]]]:
    """Groups of relatives by their size, from two to PARTS."""
    return [list(combinations(near, size)) for size in range(2, min(PARTS, len(near)) + 1)]


def _weighed(groups: Groups, *evidences: np.ndarray) -> Iterator[tuple[tuple[int, ...], list[float]]]:
    return zip(groups, np.stack(evidences, axis=1).tolist(), strict=True)
