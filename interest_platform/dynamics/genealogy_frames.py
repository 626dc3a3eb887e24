"""A genealogy as the rows of its tables, and what must hold of it."""

from collections import Counter
from collections.abc import Sequence, Set
from datetime import datetime

import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.dynamics.identities import Genealogy, Past
from interest_platform.dynamics.sightings import Sighting


def identity_rows(found: Genealogy, known: pl.DataFrame, window: Window) -> pl.DataFrame:
    """segment_identities without the columns of the name; `known` are the identities of earlier windows."""
    firsts: dict[str, datetime] = dict(known.select("segment_id", "since").unique("segment_id").iter_rows())
    rows = [
        (i.cluster_id, i.segment_id, firsts.get(i.segment_id, window.start), i.confidence, i.evidence)
        for i in found.identities
    ]
    schema = {
        "cluster_id": pl.Int32(),
        "segment_id": pl.String(),
        "since": pl.Datetime("us"),
        "confidence": pl.Float64(),
        "evidence": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def event_rows(found: Genealogy, starts: Sequence[datetime]) -> pl.DataFrame:
    """The columns of segment_events without window_start, numbered in order.

    `starts` are those of this window and of the ones before it, newest first: an event may have begun in one of them.
    """
    rows = [
        (number, e.kind, list(e.parents), list(e.children), e.users_moved, e.score, e.evidence, e.reason, began)
        for number, e in enumerate(found.events)
        for began in [starts[min(e.began_ago, len(starts) - 1)]]
    ]
    schema = {
        "event_no": pl.Int32(),
        "kind": pl.String(),
        "parents": pl.List(pl.String()),
        "children": pl.List(pl.String()),
        "users_moved": pl.Int64(),
        "score": pl.Float64(),
        "evidence": pl.String(),
        "reason": pl.String(),
        "began": pl.Datetime("us"),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def broken_genealogy_laws(found: Genealogy, now: Sighting, past: Past, quiet: Set[str] = frozenset()) -> list[str]:
    """What does not hold, one line each: survivors + births + children = the clusters, each segment once.

    `quiet` segments go on without a user in the window; nothing happens to them.
    """
    ends = Counter(c for e in found.events for c in e.children)
    starts = Counter(p for e in found.events for p in e.parents)
    ids = [i.segment_id for i in found.identities]
    gone = set(past.segments.values()) - set(starts) - quiet if not past.gap else set()
    laws = {
        f"children of events ({sum(ends.values())}) are not the clusters ({now.clusters.height}), each once": (
            sum(ends.values()) == now.clusters.height and set(ends) == set(ids)
        ),
        "a segment is two clusters, or a parent of two events": (
            len(set(ids)) == len(ids) and all(n == 1 for n in starts.values())
        ),
        f"last segments without an event: {sorted(gone)}": not gone,
    }
    return [law for law, holds in laws.items() if not holds]
