"""Which cluster is which segment: one likelihood of members, geometry and items, one assignment over both windows.

docs/dynamics.md derives the likelihoods and names their sources.
"""

from dataclasses import dataclass
from math import nan

import numpy as np

from interest_platform.dynamics.assignment import Candidate, best_cover, posteriors
from interest_platform.dynamics.candidates import candidates_of
from interest_platform.dynamics.geometry import FIRST_DRIFT, geometry
from interest_platform.dynamics.items import items, squared_steps
from interest_platform.dynamics.members import Members
from interest_platform.dynamics.passage import Passage

ROUNDS = 4
"""How often the share of leaving users and the drift are estimated from the transitions found, and these again."""

FIRST_LEAVING = 0.1
_DRIFT_TRUST = 2.0


@dataclass(frozen=True)
class Event:
    """What happened to clusters: `parents` of the last window became `children` of this one, with its posterior."""

    kind: str
    parents: tuple[int, ...]
    children: tuple[int, ...]
    score: float
    evidence: str


@dataclass(frozen=True)
class Transition:
    """All events of a passage, in the order of their parents and children, and what was learned on the way."""

    events: tuple[Event, ...]
    leaving: float
    drift: float


def transition(passage: Passage, drift: float = FIRST_DRIFT, *, scored: bool = True) -> Transition:
    """The most likely events of a passage; every cluster of both windows is in exactly one.

    `drift` is where the estimate of the centroids' drift begins. Unless `scored`, which takes an integer programme for
    each event, the events' scores are nan. O(k^2 d) for the evidence, an integer programme over some
    k * candidates.NEAR^2 candidates.
    """
    before, after = len(passage.before), len(passage.after)
    leaving, prior = FIRST_LEAVING, drift
    found: list[Candidate] = []
    for _ in range(ROUNDS):
        about = items(passage, _survivors(found))
        candidates = candidates_of(Members(passage, leaving), geometry(passage, drift), about)
        chosen, best = best_cover(candidates, before, after)
        if (now := [candidates[i] for i in chosen]) and _same(now, found):
            break
        found = now
        leaving, drift = _leaving(passage, found), _drift(passage, found, prior)
    scores = posteriors(candidates, chosen, best, before, after) if scored else [nan] * len(chosen)
    events = [
        Event(c.kind, c.parents, c.children, score, evidence_of(c))
        for c, score in zip((candidates[i] for i in chosen), scores, strict=True)
    ]
    return Transition(tuple(sorted(events, key=lambda e: (e.parents, e.children))), leaving, drift)


def _same(one: list[Candidate], other: list[Candidate]) -> bool:
    return [(c.kind, c.parents, c.children) for c in one] == [(c.kind, c.parents, c.children) for c in other]


def _leaving(passage: Passage, found: list[Candidate]) -> float:
    """Share of returning users of linked parents who went elsewhere, shrunk to the first guess."""
    inside = sum(passage.flows[np.ix_(c.parents, c.children)].sum() for c in found if c.parents and c.children)
    linked = sum(passage.flows[list(c.parents)].sum() for c in found if c.parents and c.children)
    return float((linked - inside + 20 * FIRST_LEAVING) / (linked + 20))


def _survivors(found: list[Candidate]) -> list[tuple[int, int]]:
    return [(c.parents[0], c.children[0]) for c in found if c.kind == "survive"]


def _followed(found: list[Candidate]) -> list[Candidate]:
    """Those that members speak for: a drift learned from what the drift itself has linked would confirm itself."""
    return [c for c in found if c.members > 0]


def _drift(passage: Passage, found: list[Candidate], prior: float) -> float:
    """Root of the survivors' median squared step beyond sampling error, shrunk to the guess it began with."""
    pairs = _survivors(_followed(found))
    if not pairs or not passage.comparable:
        return prior
    beyond = max(float(np.median(squared_steps(passage.before, passage.after, pairs))), 0.02**2)
    return float(np.sqrt((len(pairs) * beyond + _DRIFT_TRUST * prior**2) / (len(pairs) + _DRIFT_TRUST)))


def evidence_of(candidate: Candidate) -> str:
    """What speaks for a candidate: `members`, `geometry` (or items), `both`, or `none`; of births and deaths `both`."""
    if not candidate.parents or not candidate.children:
        return "both"
    who, where = candidate.members > 0, candidate.geometry + candidate.items > 0  # items tell what it is about
    return "both" if who and where else "members" if who else "geometry" if where else "none"
