"""Whether a newborn cluster is a segment that was absent: seasonal interests return as themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from interest_platform.dynamics.assignment import PRIOR, Candidate, best_cover, posteriors
from interest_platform.dynamics.geometry import geometry
from interest_platform.dynamics.members import Members
from interest_platform.dynamics.passage import Passage
from interest_platform.dynamics.sightings import Sighting, passage
from interest_platform.dynamics.tracker import Event, evidence_of

FOUND_AGAIN = 0.5
"""A newborn cluster is an absent segment where the posterior is above this."""


@dataclass(frozen=True)
class Return:
    """An absent segment that is a cluster of this window: with what probability and why, and how many came back."""

    segment_id: str
    event: Event
    users: int


def found_again(
    now: Sighting, absent: Mapping[str, Sighting], born: Sequence[int], leaving: float, drift: float
) -> dict[int, Return]:
    """The returns among newborn clusters (rows of `now.clusters`), by row.

    Where the absent segments' users are now, over all clusters, and how far the centroids lie, against the distances of
    this window's clusters among each other; `leaving` and `drift` are those learned from the last window. That none
    of its users is back says nothing against a return, nor for it: rates are not looked at. Coming back is held
    for as likely beforehand as being new. Items change too much over an absence to tell.
    """
    if not born or not absent:
        return {}
    names = sorted(absent)
    told = _joined([passage(absent[name], now) for name in names])
    who, where = Members(told, leaving, told.users_after), geometry(told, drift).survive()
    even = PRIOR["birth"] + PRIOR["death"]
    candidates = [
        Candidate("survive", (i,), (b,), even + float(who_came), float(where[i, j]))
        for i in range(len(names))
        for b, (j, who_came) in enumerate(zip(born, who.to(i, [(j,) for j in born]), strict=True))
    ]
    candidates += [Candidate("death", (i,), ()) for i in range(len(names))]
    candidates += [Candidate("birth", (), (b,)) for b in range(len(born))]
    chosen, best = best_cover(candidates, len(names), len(born))
    scores = posteriors(candidates, chosen, best, len(names), len(born))
    found = {}
    for candidate, score in zip((candidates[c] for c in chosen), scores, strict=True):
        if candidate.kind == "survive" and score > FOUND_AGAIN:
            i, j = candidate.parents[0], born[candidate.children[0]]
            evidence = evidence_of(replace(candidate, members=candidate.members - even))
            users = round(float(told.flows[i, j]))
            found[j] = Return(names[i], Event("survive", (i,), (j,), score, evidence), users)
    return found


def _joined(passages: Sequence[Passage]) -> Passage:
    """Passages into the same clusters as one."""
    first = passages[0]
    before = replace(
        first.before,
        sizes=np.concatenate([p.before.sizes for p in passages]),
        centroids=np.concatenate([p.before.centroids for p in passages]),
        cohesion=np.concatenate([p.before.cohesion for p in passages]),
    )
    flows, comparable = np.concatenate([p.flows for p in passages]), all(p.comparable for p in passages)
    users = np.concatenate([p.users_before for p in passages]), first.users_after
    return Passage(before, first.after, flows, comparable, users=users)
