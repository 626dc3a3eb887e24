"""Which segment each cluster of a window is: ids that are kept, found again, or given for the first time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from interest_platform.dynamics.absent import Return, found_again
from interest_platform.dynamics.geometry import FIRST_DRIFT
from interest_platform.dynamics.passage import Passage
from interest_platform.dynamics.sightings import Sighting, passage
from interest_platform.dynamics.tracker import FIRST_LEAVING, Event, transition


@dataclass(frozen=True)
class Past:
    """What is known before a window.

    `last` is the sighting of the last window that has clusters, `segments` the segment of each of its clusters.
    `absent` are segments that died at most `grace` windows ago, each as it was last seen. `numbers` counts the
    segments there have ever been. `gap` tells that windows without any cluster lie between `last` and this one, in
    which the segments that do not come back have died already.
    """

    last: Sighting | None = None
    segments: Mapping[int, str] = field(default_factory=dict)
    absent: Mapping[str, Sighting] = field(default_factory=dict)
    numbers: int = 0
    gap: bool = False


@dataclass(frozen=True)
class Identity:
    """The segment a cluster is; `new` where the id is given for the first time."""

    cluster_id: int
    segment_id: str
    confidence: float
    evidence: str
    new: bool


@dataclass(frozen=True)
class SegmentEvent:
    """A transition by segment ids, sorted; `users_moved` went from the parents to the children, `reason` says why, and
    `began_ago` how many windows ago it began: 1 where this window has confirmed what the last one showed."""

    kind: str
    parents: tuple[str, ...]
    children: tuple[str, ...]
    users_moved: int
    score: float
    evidence: str
    reason: str | None = None
    began_ago: int = 0


@dataclass(frozen=True)
class Genealogy:
    """Identities by cluster_id, and all events; what the tracker learned of the pair of windows."""

    identities: tuple[Identity, ...]
    events: tuple[SegmentEvent, ...]
    leaving: float | None = None
    drift: float | None = None


def segment_id(number: int) -> str:
    """The id of the number-th segment, counted from 1.

    >>> segment_id(7)
    's0007'
    """
    return f"s{number:04d}"


def genealogy(now: Sighting, past: Past) -> Genealogy:
    """Identities of the window's clusters and the events that led to them; every cluster and every last segment once.

    New ids are numbered in the order of cluster ids, which depend on the vectors alone: neither the order of rows nor
    the cut of a backfill changes them.
    """
    if past.last is None or past.last.clusters.is_empty():
        found: tuple[Event, ...] = tuple(Event("birth", (), (j,), 1.0, "none") for j in range(now.clusters.height))
        told, step = None, None
    else:
        told = passage(past.last, now)
        step = transition(told)
        found = step.events
    born = [e.children[0] for e in found if e.kind == "birth"]
    leaving, drift = (step.leaving, step.drift) if step else (FIRST_LEAVING, FIRST_DRIFT)
    again = found_again(now, past.absent, born, leaving, drift)
    identities = _identities(now, past, found, again)
    events = _events(now, past, found, again, identities, told)
    return Genealogy(identities, events, step.leaving if step else None, step.drift if step else None)


def _identities(now: Sighting, past: Past, found: Sequence[Event], again: Mapping[int, Return]) -> tuple[Identity, ...]:
    ids, number, identities = now.clusters["cluster_id"].to_list(), past.numbers, []
    last = past.last.clusters["cluster_id"].to_list() if past.last else []
    event_of = {j: e for e in found for j in e.children}
    for j in sorted(range(len(ids)), key=lambda row: ids[row]):
        event = event_of[j]
        if event.kind == "survive":
            segment = past.segments[last[event.parents[0]]]
        elif j in again:
            segment, event = again[j].segment_id, again[j].event
        else:
            number += 1
            segment = segment_id(number)
        new = event.kind != "survive"
        identities.append(Identity(ids[j], segment, event.score, event.evidence, new))
    return tuple(identities)


def _events(
    now: Sighting,
    past: Past,
    found: Sequence[Event],
    again: Mapping[int, Return],
    identities: Sequence[Identity],
    told: Passage | None,
) -> tuple[SegmentEvent, ...]:
    segment_of = {i.cluster_id: i.segment_id for i in identities}
    children = [segment_of[c] for c in now.clusters["cluster_id"]]
    parents = [past.segments[c] for c in past.last.clusters["cluster_id"]] if past.last else []
    events = []
    for event in found:
        if event.kind == "death" and past.gap:
            continue  # it died when the window without clusters came
        if event.kind == "birth" and event.children[0] in again:
            back = again[event.children[0]]
            same = (back.segment_id,)
            events.append(SegmentEvent("survive", same, same, back.users, back.event.score, back.event.evidence))
            continue
        moved = told.flows[list(event.parents)][:, list(event.children)].sum() if told is not None else 0
        events.append(
            SegmentEvent(
                event.kind,
                tuple(sorted(parents[p] for p in event.parents)),
                tuple(sorted(children[c] for c in event.children)),
                round(float(moved)),
                event.score,
                event.evidence,
            )
        )
    return tuple(sorted(events, key=lambda e: (e.kind, e.parents, e.children)))
