"""The segments over the shown windows, as the pictures need them: sizes, names, flows, and one order for all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from interest_platform.report.frames import Frames


@dataclass(frozen=True)
class Segment:
    """A segment: its newest name and its size by number of window (from 0)."""

    segment_id: str
    name: str
    sizes: Mapping[int, int]

    @property
    def label(self) -> str:
        """Id and name."""
        return f"{self.segment_id} {self.name}".strip()

    @property
    def first(self) -> int:
        """Number of its first shown window."""
        return min(self.sizes)

    @property
    def last(self) -> int:
        """Number of its last shown window."""
        return max(self.sizes)


@dataclass(frozen=True)
class Flow:
    """Users who went from one segment (None: new) to another (None: gone) into window number `into`."""

    into: int
    source: str | None
    target: str | None
    users: float


@dataclass(frozen=True)
class History:
    """Windows (their starts, oldest first), segments by id in the order in which they are drawn, and flows."""

    windows: Sequence[datetime]
    segments: Mapping[str, Segment]
    flows: Sequence[Flow]

    @cached_property
    def keys(self) -> list[str]:
        """The windows' keys (`2024-01-01`)."""
        return [f"{start:%Y-%m-%d}" for start in self.windows]

    def largest(self, most: int) -> list[str]:
        """Ids of the `most` segments with the most members over all windows, in drawing order."""
        ranked = sorted(self.segments.values(), key=lambda s: (-sum(s.sizes.values()), s.segment_id))
        kept = {segment.segment_id for segment in ranked[:most]}
        return [segment_id for segment_id in self.segments if segment_id in kept]

    def label(self, segment_id: str | None, missing: str) -> str:
        """Id and name of a segment; `missing` for none, the id alone where it is not among the shown."""
        if segment_id is None:
            return missing
        return self.segments[segment_id].label if segment_id in self.segments else segment_id


def history_of(frames: Frames) -> History:
    """The history that the frames tell. Windows without a segment are left out; row order does not matter."""
    sized = frames.identities.join(
        frames.snapshots.select("window_start", "cluster_id", "size"), on=["window_start", "cluster_id"]
    )
    windows = sorted(sized["window_start"].unique().to_list())
    number = {start: i for i, start in enumerate(windows)}
    flows = _flows(frames.migrations, number)
    segments = _segments(sized, number)
    order = _family_order(segments, flows)
    return History(windows, {segment_id: segments[segment_id] for segment_id in order}, flows)


def _segments(sized: pl.DataFrame, number: Mapping[datetime, int]) -> dict[str, Segment]:
    sizes: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    names: dict[str, str] = {}
    columns = ["window_start", "cluster_id", "segment_id", "name", "size"]
    for start, _, segment_id, name, size in sized.select(columns).sort("window_start", "cluster_id").iter_rows():
        sizes[segment_id][number[start]] += size
        names[segment_id] = name
    return {i: Segment(i, names[i], dict(sizes[i])) for i in sorted(sizes)}


def _flows(migrations: pl.DataFrame, number: Mapping[datetime, int]) -> list[Flow]:
    rows = migrations.select("window_start", "from_segment", "to_segment", "users")
    rows = rows.sort("window_start", "from_segment", "to_segment", nulls_last=True)
    # into the first shown window all users are new: that is where the record begins, not a flow
    return [Flow(number[s], a, b, users) for s, a, b, users in rows.iter_rows() if number.get(s) and users > 0]


def _family_order(segments: Mapping[str, Segment], flows: Sequence[Flow]) -> list[str]:
    """Segments in order of appearance, each beside the one that most of its first users came from.

    So the parts of a split lie beside what was split, ribbons cross little, and all pictures share one order.
    """
    origin: dict[str, tuple[float, str]] = {}
    for flow in flows:
        child = segments.get(flow.target or "")
        if child and flow.source and flow.source != flow.target and flow.into == child.first:
            origin[child.segment_id] = max(origin.get(child.segment_id, (0.0, "")), (flow.users, flow.source))
    order: list[str] = []
    for segment in sorted(segments.values(), key=lambda s: (s.first, -s.sizes[s.first], s.segment_id)):
        users, parent = origin.get(segment.segment_id, (0.0, ""))
        # a few strays are no descent: less than a third of its first members
        if parent in order and users >= segment.sizes[segment.first] / 3:
            order.insert(order.index(parent) + 1, segment.segment_id)
        else:
            order.append(segment.segment_id)
    return order
