"""Windows followed one after the other without a lake: what `lake.past` reads there is kept here."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from interest_platform.dynamics.identities import Genealogy, Past, genealogy
from interest_platform.dynamics.sightings import Sighting
from interest_platform.interests.vectors import as_lists


@dataclass
class Following:
    """The windows so far; segments that died at most `grace` windows ago are found again."""

    grace: int = 2
    past: Past = field(default_factory=Past)
    died: dict[str, tuple[int, Sighting]] = field(default_factory=dict)
    window: int = 0

    def step(self, now: Sighting) -> Genealogy:
        """The next window."""
        found, past = genealogy(now, self.past), self.past
        segments = {i.cluster_id: i.segment_id for i in found.identities}
        gone = {p for e in found.events if e.kind == "death" for p in e.parents}
        if past.last is not None:
            self.died |= {s: (self.window, past.last.only([c])) for c, s in past.segments.items() if s in gone}
        self.window += 1
        self.died = {
            s: (at, seen)
            for s, (at, seen) in self.died.items()
            if s not in segments.values() and at >= self.window - self.grace
        }
        numbers = max([past.numbers, *(int(s[1:]) for s in segments.values())])
        self.past = Past(now, segments, {s: seen for s, (_, seen) in self.died.items()}, numbers)
        return found


def sighted(centroids: np.ndarray, members: dict[str, int], encoder: str = "e", cohesion: float = 0.8) -> Sighting:
    """A sighting of clusters 0..k-1 at these centroids, with the cluster of each user."""
    k = len(centroids)
    sizes = np.bincount(list(members.values()), minlength=k) if members else np.zeros(k, int)
    clusters = pl.DataFrame(
        {
            "cluster_id": pl.Series(range(k), dtype=pl.Int32),
            "size": pl.Series(sizes, dtype=pl.Int64),
            "cohesion": pl.Series([cohesion] * k, dtype=pl.Float64),
            "centroid": as_lists(np.asarray(centroids)),
        }
    )
    who = {"user_key": list(members), "cluster_id": list(members.values()), "weight": [1.0] * len(members)}
    schema = {"user_key": pl.String, "cluster_id": pl.Int32, "weight": pl.Float64}
    return Sighting(clusters, pl.DataFrame(who, schema), encoder)
