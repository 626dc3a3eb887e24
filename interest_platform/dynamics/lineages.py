"""Which segment each cluster is where segments are carried: what the carrying says, by segment ids."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import polars as pl

from interest_platform.dynamics.identities import Genealogy, Identity, Past, SegmentEvent, segment_id
from interest_platform.dynamics.sightings import Sighting, passage

EVIDENT = 1 - 1 / 400
"""Score of a change: odds of 400 to 1 are the least evidence that carried segments change on."""

EVIDENCE = "both"
"""Both who is in a segment and where it is have decided."""


@dataclass(frozen=True)
class Carrying:
    """`rows` of carried_segments of this window, and the segment of each lineage that has had a cluster."""

    rows: pl.DataFrame
    segments: Mapping[str, str]

    @property
    def goes_on(self) -> bool:
        """Whether the last window's segments were carried into this one, and any of them has an id."""
        went_on = self.rows.height > 0 and bool(self.rows["went_on"][0])
        return went_on and any(lineage in self.segments for lineage in self.lineages)

    @property
    def lineages(self) -> list[str]:
        """All that this window knows of, those that it ends included."""
        return [*self.rows["lineage"], *self.rows["parents"].explode().drop_nulls()]

    @property
    def placed(self) -> pl.DataFrame:
        """cluster_id, lineage and theme_id of the window's clusters."""
        placed = self.rows.drop_nulls("cluster_id")
        return placed.select(pl.col("cluster_id").cast(pl.Int32), "lineage", pl.col("theme").alias("theme_id"))

    @property
    def clusters(self) -> dict[int, str]:
        """The lineage of each cluster."""
        return dict(self.placed.select("cluster_id", "lineage").iter_rows())

    @property
    def quiet(self) -> set[str]:
        """Segments that go on without a user in this window: nothing has happened to them."""
        told = self.rows.filter(pl.col("state") == "quiet")["lineage"]
        return {self.segments[lineage] for lineage in told if lineage in self.segments}


def genealogy_of(carrying: Carrying, now: Sighting, past: Past) -> Genealogy:
    """Identities of the window's clusters and the events that led to them, as the carrying of segments has them.

    A part of a split or the whole of a merge that is the only one with users goes on as what it came from. New ids are
    numbered in the order of cluster ids.
    """
    told = _Told(carrying, now, past)
    return Genealogy(told.identities(), told.events())


class _Told:
    def __init__(self, carrying: Carrying, now: Sighting, past: Past) -> None:
        self._carrying, self._now = carrying, now
        self._flows = _Flows(now, past)
        self._rows = {row["lineage"]: row for row in carrying.rows.iter_rows(named=True)}
        self._shown = carrying.clusters
        self._names: dict[int, tuple[str, bool]] = {}
        self._fresh = (segment_id(past.numbers + number) for number in count(1))
        self._groups = self._changed()
        for cluster in sorted(self._shown):
            self._names[cluster] = self._named(cluster)

    def identities(self) -> tuple[Identity, ...]:
        return tuple(
            Identity(cluster, segment, EVIDENT if new else 1.0, EVIDENCE, new)
            for cluster, (segment, new) in sorted(self._names.items())
        )

    def _changed(self) -> dict[tuple[str, tuple[str, ...]], list[int]]:
        """Clusters by what made them, (kind, parents that have an id), where that is a change of this window."""
        groups: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
        for cluster, lineage in sorted(self._shown.items()):
            row = self._rows[lineage]
            if row["event"] in ("split", "merge") and lineage not in self._carrying.segments:
                groups[row["event"], self._ids(row["parents"])].append(cluster)
        return groups

    def _ids(self, lineages: Sequence[str]) -> tuple[str, ...]:
        known = self._carrying.segments
        return tuple(sorted({known[lineage] for lineage in lineages if lineage in known}))

    def _named(self, cluster: int) -> tuple[str, bool]:
        lineage = self._shown[cluster]
        if lineage in self._carrying.segments:
            return self._carrying.segments[lineage], False
        for (_, parents), clusters in self._groups.items():
            if clusters == [cluster] and len(parents) == 1:
                return parents[0], False
        return next(self._fresh), True

    def events(self) -> tuple[SegmentEvent, ...]:
        found, done = [], set()
        for (kind, parents), clusters in self._groups.items():
            children = tuple(sorted(self._names[cluster][0] for cluster in clusters))
            if parents and len(parents) + len(children) > 2:
                found.append(self._event(kind, parents, children))
                done |= set(parents) | set(children)
        for segment, new in self._names.values():
            if segment not in done:
                parents = () if new else (segment,)
                found.append(self._event("birth" if new else "survive", parents, (segment,)))
                done.add(segment)
        for segment in self._ended():
            if segment not in done:
                found.append(self._event("death", (segment,), ()))
                done.add(segment)
        return tuple(sorted(found, key=lambda e: (e.kind, e.parents, e.children)))

    def _ended(self) -> list[str]:
        """Segments that died, and those whose parts or whole nobody is in."""
        died = [lineage for lineage, row in self._rows.items() if row["event"] == "death"]
        came = [p for row in self._rows.values() if row["event"] in ("split", "merge") for p in row["parents"]]
        return list(self._ids([*died, *came]))

    def _event(self, kind: str, parents: tuple[str, ...], children: tuple[str, ...]) -> SegmentEvent:
        of = {segment: cluster for cluster, (segment, _) in self._names.items()}
        moved = self._flows.between(parents, [of[child] for child in children])
        score = 1.0 if kind == "survive" else EVIDENT
        reason, ago = self._reason(kind, parents, of, children)
        return SegmentEvent(kind, parents, children, moved, score, EVIDENCE, reason, ago)

    def _reason(
        self, kind: str, parents: tuple[str, ...], of: Mapping[str, int], children: tuple[str, ...]
    ) -> tuple[str | None, int]:
        """Why it is believed, and how many windows ago it began."""
        if kind == "survive":
            return None, 0
        if children:
            row = self._rows[self._shown[of[children[0]]]]
            return str(row["reason"] or "first users of a segment found before"), row["began_ago"] or 0
        for lineage, row in self._rows.items():
            if self._carrying.segments.get(lineage) in parents and row["event"] == "death":
                return str(row["reason"]), row["began_ago"] or 0
        return "nobody is in what it became", 0


class _Flows:
    """Users who went from segments of the last window to clusters of this one."""

    def __init__(self, now: Sighting, past: Past) -> None:
        self._flows = np.zeros((0, 0))
        if past.last is not None and past.last.clusters.height:
            self._flows = passage(past.last, now).flows
            self._rows = {past.segments[c]: row for row, c in enumerate(past.last.clusters["cluster_id"])}
            self._columns = {c: column for column, c in enumerate(now.clusters["cluster_id"])}

    def between(self, parents: Sequence[str], children: Sequence[int]) -> int:
        if not self._flows.size:
            return 0
        rows = [self._rows[parent] for parent in parents if parent in self._rows]
        columns = [self._columns[child] for child in children]
        return round(float(self._flows[np.ix_(rows, columns)].sum()))
