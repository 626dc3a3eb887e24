"""The timeline: a lane for each segment, as thick as it is large, with the events of its life."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from interest_platform.report.columns import Columns, columns, dates, rules
from interest_platform.report.history import History, Segment
from interest_platform.report.life import Event, events_table, happened_in, sizes_table
from interest_platform.report.marks import EVENTS, LEGEND, legend, marker
from interest_platform.report.palette import GREY, INK, MUTED, colour_of, outline_of
from interest_platform.report.picture import Picture, nothing
from interest_platform.report.vega import Layer, labels, layer, spec_of
from interest_platform.report.words import counted, cut, listed, number, users

NAME, TITLE = "segment_timeline", "How segments live"
LEFT, RIGHT, TOP, LANE = 236.0, 76.0, 66.0, 34.0
THICKEST = 26.0
MOST_LANES = 40
HOW = (
    "One lane for each segment, as thick as it has members; the number at its end is its newest size. Marks show where "
    "a segment begins (birth), ends (death), comes apart (split) or is joined (merge); dashed lines lead from parents "
    "to children."
)


def timeline(history: History, events: pl.DataFrame) -> Picture:
    """The picture of `segment_identities`, sizes of `cluster_snapshots`, and `segment_events`."""
    if not history.segments:
        return nothing(NAME, TITLE, "No window has segments yet.")
    lanes = {segment_id: i for i, segment_id in enumerate(history.largest(MOST_LANES))}
    cols = columns(len(history.windows), LEFT, RIGHT)
    ys = {segment_id: TOP + LANE * (i + 0.5) for segment_id, i in lanes.items()}
    bottom = TOP + LANE * len(lanes)
    happened = happened_in(history, events)
    bands = [row for segment_id in lanes for row in _bands(history, history.segments[segment_id], ys, cols)]
    links = [row for event in happened for row in _links(event, history, ys, cols)]
    marked = [row for event in happened for row in _marks(event, history, ys, cols)]
    layers = [
        *legend(16, LEFT),
        *dates(history.keys, cols.xs, 48),
        rules(cols.xs, TOP - 6, bottom),
        layer("path", "links", links, stroke=GREY, strokeWidth=1.2, strokeDash=[3, 3]),
        layer("path", "bands", bands, strokeWidth=1),
        layer("symbol", "events", marked),
        *_words(history, ys, cols),
    ]
    summary = _summary(history, happened, len(lanes))
    tables = {"Members by window": sizes_table(history), "Events": events_table(history, happened)}
    spec = spec_of(layers, max(cols.width, LEFT + LEGEND), bottom + 8, f"{TITLE}. {summary}")
    told = {"bands": [r["segments"] for r in bands], "events": [r["segments"] for r in marked]}
    return Picture(NAME, TITLE, summary, HOW, spec, tables, told)


def _bands(history: History, segment: Segment, ys: Mapping[str, float], cols: Columns) -> Iterator[dict[str, Any]]:
    """A shape for each unbroken run of windows that the segment is in."""
    largest = max(max(s.sizes.values()) for s in history.segments.values()) or 1
    y = ys[segment.segment_id]
    for run in _runs(sorted(segment.sizes)):
        halves = [max(segment.sizes[w] / largest * THICKEST, 2.0) / 2 for w in run]
        # half a step's stub at both ends, so that a segment of a single window has a length
        xs = [cols.xs[run[0]] - 12, *(cols.xs[w] for w in run), cols.xs[run[-1]] + 12]
        halves = [halves[0], *halves, halves[-1]]
        over = [f"{x:.1f},{y - h:.1f}" for x, h in zip(xs, halves, strict=True)]
        under = [f"{x:.1f},{y + h:.1f}" for x, h in zip(xs, halves, strict=True)]
        sizes = ", ".join(f"{history.keys[w]}: {segment.sizes[w]:,}" for w in run)
        yield {
            "path": f"M{'L'.join(over)}L{'L'.join(reversed(under))}Z",
            "fill": colour_of(segment.segment_id),
            "stroke": outline_of(segment.segment_id),
            "description": f"{segment.label}, members by window: {sizes}",
            "segments": segment.segment_id,
        }


def _runs(windows: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for window in windows:
        if run and window != run[-1] + 1:
            yield run
            run = []
        run.append(window)
    yield run


def _ends(history: History, segment_id: str, into: int) -> int:
    """The newest window before `into` that the segment is in: where an arrow out of it starts."""
    before = [w for w in history.segments[segment_id].sizes if w < into]
    return max(before, default=into - 1)


def _links(event: Event, history: History, ys: Mapping[str, float], cols: Columns) -> Iterator[dict[str, Any]]:
    into, _, parents, children, _, _ = event
    for parent in parents:
        for child in children:
            if parent != child and parent in ys and child in ys:
                x0, x1 = cols.xs[_ends(history, parent, into)] + 14, cols.xs[into] - 14
                middle = (x0 + x1) / 2
                y0, y1 = ys[parent], ys[child]
                yield {"path": f"M{x0:.1f},{y0:.1f}C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"}


def _marks(event: Event, history: History, ys: Mapping[str, float], cols: Columns) -> Iterator[dict[str, Any]]:
    """A birth and a merge are marked where the children begin, a death and a split where the parents end."""
    into, kind, parents, children, moved, score = event
    begins = kind in ("birth", "merge")
    names = [listed([history.label(i, "") for i in ids]) for ids in (parents, children)]
    told = {
        "birth": f"birth of {names[1]}",
        "death": f"death of {names[0]}",
        "split": f"{names[0]} splits into {names[1]}",
        "merge": f"{names[0]} merge into {names[1]}",
    }[kind]
    for segment_id in children if begins else parents:
        if segment_id in ys:
            x = cols.xs[into] - 12 if begins else cols.xs[_ends(history, segment_id, into)] + 12
            yield marker(kind, x, ys[segment_id]) | {
                "description": f"{history.keys[into]}: {told}; {users(moved)} moved, probability {score:.2f}",
                "segments": " ".join(sorted({*parents, *children})),
            }


def _words(history: History, ys: Mapping[str, float], cols: Columns) -> list[Layer]:
    last = len(history.windows) - 1
    names = [
        {"x": 14, "y": y, "text": cut(history.segments[i].label, LEFT - 36), "fill": _ink(history.segments[i], last)}
        for i, y in ys.items()
    ]
    chips = [{"x": 5, "y": y, "fill": colour_of(i), "stroke": outline_of(i)} for i, y in ys.items()]
    sizes = [
        {"x": cols.xs[last] + 24, "y": ys[i], "text": number(history.segments[i].sizes[last])}
        for i in ys
        if history.segments[i].last == last
    ]
    return [
        layer("symbol", "chips", chips, shape="square", size=80, strokeWidth=1),
        *labels("lane-names", names),
        *labels("sizes", sizes, align="left", fill=INK),
    ]


def _ink(segment: Segment, last: int) -> str:
    return INK if segment.last == last else MUTED


def _summary(history: History, happened: list[Event], lanes: int) -> str:
    kinds = Counter(event[1] for event in happened)
    plural = {"birth": "births", "death": "deaths", "split": "splits", "merge": "merges"}
    parts = [f"{kinds[k]} {k if kinds[k] == 1 else plural[k]}" for k in EVENTS if kinds[k]]
    alive = sum(s.last == len(history.windows) - 1 for s in history.segments.values())
    told = f"{counted(alive, 'segment')} in the newest window"
    told += f"; {listed(parts)} over {counted(len(history.windows), 'window')}." if parts else "; no event yet."
    hidden = len(history.segments) - lanes
    return told + (f" The {counted(hidden, 'smallest segment')} have no lane." if hidden else "")
