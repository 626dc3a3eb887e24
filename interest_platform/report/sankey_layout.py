"""Geometry of the Sankey: nodes stacked at each window, flows as ribbons whose ends tile their nodes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from interest_platform.report.columns import Columns
from interest_platform.report.history import Flow

At = tuple[int, str]
"""Number of window and key of a node."""

NEW, GONE, OTHERS = "new", "gone", "others"
"""Nodes that are no segment: users who come, users who leave, segments too small to draw one by one."""

NODE_WIDTH = 12.0
GAP = 15.0
"""Between two nodes: a line of text is no taller, so that labels of neighbours never meet."""
AREA = 400.0
"""Pixels that the users of the largest window fill."""


@dataclass(frozen=True)
class Node:
    """A node: at which window, whose, its upper left corner, its height, and the users it stands for."""

    column: int
    key: str
    x: float
    y: float
    height: float
    users: float


class Stream(NamedTuple):
    """Users between two nodes, into the window of a number."""

    into: int
    source: str
    target: str
    users: float

    @property
    def start(self) -> At:
        """The node that they leave."""
        return self.into - 1, self.source

    @property
    def end(self) -> At:
        """The node that they come to."""
        return self.into, self.target


@dataclass(frozen=True)
class Ribbon:
    """A stream with its outline as an SVG path."""

    stream: Stream
    path: str


@dataclass(frozen=True)
class Layout:
    """Nodes by (window, key), ribbons (thick ones first), where the lanes of gone and new start, and the bottom."""

    nodes: Mapping[At, Node]
    ribbons: Sequence[Ribbon]
    lanes: Mapping[str, float]
    bottom: float


def layout(flows: Sequence[Flow], order: Sequence[str], cols: Columns, top: float) -> Layout:
    """Place all nodes and ribbons. Ids that `order` lacks are drawn as `OTHERS`, at the end of each stack.

    A node's height is the larger of what comes in and what goes out. `GONE` of a window lies at that window, `NEW` at
    the window before the one that its users come into: ribbons always run from left to right.
    """
    streams = _streams(flows, set(order))
    users = _node_users(streams)
    scale = AREA / max(_stacks(users).values(), default=1.0)
    nodes = _stack(users, [*order, OTHERS], cols, scale, top)
    bottom = max((n.y + n.height for n in nodes.values()), default=top)
    lanes: dict[str, float] = {}
    for lane in (GONE, NEW):
        here = {at: count for at, count in users.items() if at[1] == lane}
        if here:
            lanes[lane] = bottom = bottom + 34
            bottom += max(here.values()) * scale
            for at, count in here.items():
                nodes[at] = Node(*at, cols.xs[at[0]], lanes[lane], count * scale, count)
    return Layout(nodes, _ribbons(streams, nodes, [*order, OTHERS, GONE, NEW], scale), lanes, bottom)


def _streams(flows: Sequence[Flow], known: set[str]) -> list[Stream]:
    """The flows between nodes: those of segments that are drawn together are added up."""
    users: dict[tuple[int, str, str], float] = defaultdict(float)
    for flow in flows:
        source = NEW if flow.source is None else flow.source if flow.source in known else OTHERS
        target = GONE if flow.target is None else flow.target if flow.target in known else OTHERS
        users[flow.into, source, target] += flow.users
    return [Stream(*ends, count) for ends, count in sorted(users.items())]


def _node_users(streams: Sequence[Stream]) -> dict[At, float]:
    into: dict[At, float] = defaultdict(float)
    out: dict[At, float] = defaultdict(float)
    for stream in streams:
        out[stream.start] += stream.users
        into[stream.end] += stream.users
    return {at: max(into.get(at, 0.0), out.get(at, 0.0)) for at in sorted(into.keys() | out.keys())}


def _stacks(users: Mapping[At, float]) -> dict[int, float]:
    total: dict[int, float] = defaultdict(float)
    for (column, key), count in users.items():
        if key not in (NEW, GONE):
            total[column] += count
    return total


def _stack(users: Mapping[At, float], order: Sequence[str], cols: Columns, scale: float, top: float) -> dict[At, Node]:
    """Nodes of the segments, each window's stack centred on the tallest."""
    stacks = {column: [key for key in order if (column, key) in users] for column in range(len(cols.xs))}
    heights = {c: sum(users[c, k] for k in keys) * scale + GAP * max(len(keys) - 1, 0) for c, keys in stacks.items()}
    tallest = max(heights.values(), default=0.0)
    nodes = {}
    for column, keys in stacks.items():
        y = top + (tallest - heights[column]) / 2
        for key in keys:
            height = users[column, key] * scale
            nodes[column, key] = Node(column, key, cols.xs[column], y, height, users[column, key])
            y += height + GAP
    return nodes


def _ribbons(streams: Sequence[Stream], nodes: Mapping[At, Node], order: Sequence[str], scale: float) -> list[Ribbon]:
    rank = {key: i for i, key in enumerate(order)}
    tops: dict[Stream, list[float]] = defaultdict(list)
    for side in (0, 1):
        used: dict[At, float] = defaultdict(float)
        # at both ends the ribbons lie in the order of the nodes that they lead to
        for stream in sorted(streams, key=lambda s: (rank[s.target], rank[s.source])[:: 1 if side else -1]):
            at = stream.end if side else stream.start
            tops[stream].append(nodes[at].y + used[at])
            used[at] += stream.users * scale
    # thin ones on top, where they can be pointed at
    ordered = sorted(streams, key=lambda s: (s.into, -s.users, rank[s.source], rank[s.target]))
    return [Ribbon(s, _outline(s, nodes, tops[s], s.users * scale)) for s in ordered]


def _outline(stream: Stream, nodes: Mapping[At, Node], tops: Sequence[float], height: float) -> str:
    return _band(nodes[stream.start].x + NODE_WIDTH, tops[0], nodes[stream.end].x, tops[1], height)


def _band(x0: float, y0: float, x1: float, y1: float, height: float) -> str:
    """A band of constant height between two points: cubic curves that leave and arrive level."""
    middle = (x0 + x1) / 2
    over = f"M{x0:.1f},{y0:.1f}C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    y0, y1 = y0 + height, y1 + height
    return f"{over}V{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y0:.1f} {x0:.1f},{y0:.1f}Z"
