"""The Sankey of segment flows: who went where from window to window, who came and who left."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

import polars as pl

from interest_platform.report.columns import Columns, columns, dates
from interest_platform.report.history import History
from interest_platform.report.palette import GREY, INK, MUTED, PAPER, colour_of, outline_of
from interest_platform.report.picture import Picture, nothing
from interest_platform.report.sankey_layout import GONE, NEW, NODE_WIDTH, OTHERS, Layout, Node, Ribbon, layout
from interest_platform.report.vega import Layer, labels, layer, spec_of
from interest_platform.report.words import cut, number, width_of
from interest_platform.report.words import users as people

NAME, TITLE = "segment_flows", "Where users went"
MARGIN = 176.0
TOP = 40.0
MOST_SEGMENTS = 24
"""Segments drawn one by one; the smaller ones are drawn together."""
MOST_RIBBONS = 1_500
"""Ribbons drawn, the thickest; the table tells of others."""

SAID = {NEW: "new users", GONE: "gone", OTHERS: "smaller segments"}
HOW = (
    "Each column is a window, each block a segment, as tall as it has users. A band is the users who went from one "
    "segment to another. New are users who were not there in the window before, gone are those who did not come back."
)


def sankey(history: History) -> Picture:
    """The picture of `segment_migrations`."""
    if not history.flows:
        return nothing(NAME, TITLE, _why_nothing(history))
    cols = columns(len(history.windows), MARGIN, MARGIN)
    placed = layout(history.flows, history.largest(MOST_SEGMENTS), cols, TOP)
    bands = [_band_row(history, ribbon) for ribbon in _thickest(placed.ribbons, len(cols.xs) - 1)]
    blocks = [_node_row(history, node) for node in placed.nodes.values()]
    layers = [
        *dates(history.keys, [x + NODE_WIDTH / 2 for x in cols.xs], 14),
        layer("path", "ribbons", bands),
        layer("rect", "nodes", blocks, width=NODE_WIDTH, strokeWidth=1),
        *_names(history, placed, cols),
        *_lanes(placed),
    ]
    summary = _summary(history)
    marks = {"ribbons": [row["segments"] for row in bands], "nodes": [row["segments"] for row in blocks]}
    spec = spec_of(layers, cols.width, placed.bottom + 16, f"{TITLE}. {summary}")
    return Picture(NAME, TITLE, summary, HOW, spec, {"Flows between segments": _table(history)}, marks)


def _thickest(ribbons: Sequence[Ribbon], steps: int) -> Iterator[Ribbon]:
    """The thickest ribbons of each step, `MOST_RIBBONS` over all steps; a step's ribbons come thickest first."""
    for _, step in groupby(ribbons, key=lambda ribbon: ribbon.stream.into):
        yield from islice(step, MOST_RIBBONS // steps)


def _why_nothing(history: History) -> str:
    if len(history.windows) < 2:
        return "Flows run between two windows; there is one window so far." if history.windows else "No window yet."
    return "No flow between the windows has been recorded yet (table segment_migrations is empty)."


def _colour(key: str) -> str:
    return GREY if key in (NEW, GONE, OTHERS) else colour_of(key)


def _band_row(history: History, ribbon: Ribbon) -> dict[str, Any]:
    into, source, target, users = ribbon.stream
    stays = source == target and source != OTHERS
    a, b = (SAID.get(key) or history.label(key, "") for key in (source, target))
    told = f"stay in {a}" if stays else f"from {a} to {b}"
    return {
        "path": ribbon.path,
        "fill": _colour(source),
        "fillOpacity": 0.55 if stays else 0.22 if NEW in (source, target) or GONE in (source, target) else 0.4,
        "description": f"{people(users)} {told}, {history.keys[into - 1]} to {history.keys[into]}",
        "segments": " ".join(key for key in dict.fromkeys((source, target)) if key in history.segments),
    }


def _node_row(history: History, node: Node) -> dict[str, Any]:
    segment = node.key if node.key in history.segments else ""
    if node.key == NEW:
        told = f"new in {history.keys[node.column + 1]}"
    else:
        told = f"gone in {history.keys[node.column]}" if node.key == GONE else f"in {history.keys[node.column]}"
    name = history.segments[segment].label + ": " if segment else "smaller segments: " if node.key == OTHERS else ""
    return {
        "x": node.x,
        "y": node.y,
        "height": max(node.height, 1.5),
        "fill": _colour(node.key),
        "stroke": outline_of(segment) if segment else GREY,
        "description": f"{name}{people(node.users)} {told}",
        "segments": segment,
    }


def _names(history: History, placed: Layout, cols: Columns) -> list[Layer]:
    """Names at the left of the first stack, at the right of the last, and where a segment begins in between."""
    rows, last = [], len(cols.xs) - 1
    for (column, key), node in placed.nodes.items():
        if key in (NEW, GONE) or not (column in (0, last) or (column - 1, key) not in placed.nodes):
            continue
        left = column == 0
        text = _name(history, key, MARGIN - 14 if column in (0, last) else cols.step - NODE_WIDTH - 10)
        x = node.x - 6 if left else node.x + NODE_WIDTH + 5
        row = {"x": x, "y": node.y + node.height / 2, "text": text, "align": "right" if left else "left"}
        rows.append(row)
    return labels("names", rows, halo=PAPER)


def _name(history: History, key: str, room: float) -> str:
    """Id and name; the id alone where little of the name would fit between two windows."""
    if key == OTHERS:
        return "others"
    label = history.segments[key].label
    return label if width_of(label) <= room else cut(label, room) if room > 120 else cut(key, room)


def _lanes(placed: Layout) -> list[Layer]:
    heads = [{"x": MARGIN - 6, "y": y + 6, "text": lane} for lane, y in placed.lanes.items()]
    counts = [
        {"x": node.x + NODE_WIDTH / 2, "y": node.y - 8, "text": number(round(node.users))}
        for (_, key), node in placed.nodes.items()
        if key in (NEW, GONE)
    ]
    return [
        *labels("lanes", heads, align="right", fill=INK, fontWeight="bold"),
        *labels("counts", counts, halo=PAPER, align="center", fill=MUTED),
    ]


def _summary(history: History) -> str:
    last = [flow for flow in history.flows if flow.into == len(history.windows) - 1]
    stay = sum(f.users for f in last if f.source and f.source == f.target)
    new = sum(f.users for f in last if f.source is None)
    gone = sum(f.users for f in last if f.target is None)
    moved = sum(f.users for f in last if f.source and f.target and f.source != f.target)
    return (
        f"Into {history.keys[-1]}: {people(round(stay))} stayed in their segment, {number(round(moved))} changed it, "
        f"{number(round(new))} came new, {number(round(gone))} did not come back."
    )


def _table(history: History) -> pl.DataFrame:
    rows = [
        (history.keys[f.into], history.label(f.source, "(new)"), history.label(f.target, "(gone)"), f.users)
        for f in sorted(history.flows, key=lambda f: (-f.into, -f.users, f.source or "", f.target or ""))
    ]
    schema = {"into window": pl.String, "from": pl.String, "to": pl.String, "users": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
