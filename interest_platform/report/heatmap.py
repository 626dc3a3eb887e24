"""The drift heat map: how much each segment, and the window as a whole, changed into each window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from interest_platform.report.columns import Columns, columns, dates
from interest_platform.report.history import History
from interest_platform.report.palette import GAIN, INK, LINE, LOSS, MUTED, ON_COLOUR
from interest_platform.report.picture import Picture, nothing
from interest_platform.report.vega import Layer, labels, layer, spec_of
from interest_platform.report.words import counted, cut, number

NAME, TITLE = "drift_heat_map", "What changed"
LEFT, RIGHT, TOP, ROW, HEAD = 262.0, 56.0, 36.0, 25.0, 34.0
MOST_ROWS, MOST_PANELS = 30, 4
MEASURES = "Measures of change"
STRONG = 0.6
"""From this share of the largest effect on a cell's text is white."""
HOW = (
    "A cell is a measure of change into that window: the number is its effect size, the colour is stronger the larger "
    "it is within its block (violet up, orange down). A frame and an asterisk mark alarms: more than chance, more "
    "than is usual for that row, and lasting or great."
)


@dataclass(frozen=True)
class Row:
    """A row of a panel: what it is called, its segment (none for the window's own), its cells by number of window."""

    label: str
    segment: str
    cells: Mapping[int, dict[str, Any]]
    largest: float


Panel = tuple[str, list[Row]]


def heat_map(history: History, drift: pl.DataFrame) -> Picture:
    """The picture of `drift_metrics`."""
    known = drift.filter(pl.col("window_start").is_in(list(history.windows)))
    drawn = known.filter(pl.col("effect").is_finite())
    if not drawn.height:
        return nothing(NAME, TITLE, _why_nothing(history, known), {MEASURES: _table(history, known)})
    starts = sorted(drawn["window_start"].unique().to_list())
    panels = [_window_panel(drawn, starts), *_segment_panels(history, drawn, starts)]
    panels = [panel for panel in panels if panel[1]]
    cols = columns(len(starts), LEFT + 42, RIGHT)
    keys = [f"{start:%Y-%m-%d}" for start in starts]
    cells, heads, bottom = [], [], TOP
    for title, rows in panels:
        heads.append({"x": 4, "y": bottom + HEAD / 2 + 2, "text": title})
        placed = [(row, bottom + HEAD + ROW * (i + 0.5)) for i, row in enumerate(rows)]
        cells += [cell for row, y in placed for cell in _cells(row, y, cols, keys)]
        heads += [{"x": 14, "y": y, "text": row.label, "fontWeight": "normal", "fill": MUTED} for row, y in placed]
        bottom += HEAD + ROW * len(rows)
    layers = [*dates(keys, cols.xs, 14), *_layers(cells, cols), *labels("rows", heads, fontWeight="bold", fill=INK)]
    summary = _summary(drawn)
    marks = {"cells": [cell["segments"] for cell in cells]}
    spec = spec_of(layers, cols.width, bottom + 8, f"{TITLE}. {summary}")
    return Picture(NAME, TITLE, summary, HOW, spec, {MEASURES: _table(history, known)}, marks)


def _why_nothing(history: History, known: pl.DataFrame) -> str:
    if known.height:
        return "The measures of change there are have no effect size to draw; the table has them."
    if len(history.windows) < 2:
        return "Change is measured between two windows; there is one so far." if history.windows else "No window yet."
    return "No change has been measured yet (table drift_metrics is empty)."


def _window_panel(drawn: pl.DataFrame, starts: Sequence[Any]) -> Panel:
    rows = []
    for (metric,), part in sorted(drawn.filter(pl.col("scope") == "window").group_by("metric"), key=lambda g: g[0]):
        # measures of the whole window have units of their own: each row is coloured for itself
        rows.append(Row(cut(_plain(metric), LEFT - 28), "", _by_window(part, starts), _largest(part)))
    return "The window as a whole", rows[:MOST_ROWS]


def _segment_panels(history: History, drawn: pl.DataFrame, starts: Sequence[Any]) -> Iterator[Panel]:
    """A panel for each measure of segments; those with the most alarms where there are more than four."""
    of_segments = drawn.filter((pl.col("scope") == "segment") & pl.col("segment_id").is_not_null())
    groups = [(metric, part) for (metric,), part in of_segments.group_by("metric")]
    ranked = sorted(groups, key=lambda g: (-_alarms(g[1]), -g[1].height, g[0]))[:MOST_PANELS]
    shown = history.largest(MOST_ROWS)
    for metric, part in ranked:
        largest = _largest(part)
        by_segment = {segment: rows for (segment,), rows in part.group_by("segment_id")}
        rows = [
            Row(cut(history.segments[i].label, LEFT - 28), i, _by_window(by_segment[i], starts), largest)
            for i in shown
            if i in by_segment
        ]
        yield f"Segments: {_plain(metric)}", rows


def _by_window(part: pl.DataFrame, starts: Sequence[Any]) -> dict[int, dict[str, Any]]:
    number_of = {start: i for i, start in enumerate(starts)}
    return {number_of[row["window_start"]]: row for row in part.iter_rows(named=True)}


def _largest(part: pl.DataFrame) -> float:
    return float(part["effect"].abs().to_numpy().max()) or 1.0


def _alarms(part: pl.DataFrame) -> int:
    return part.filter(pl.col("alarm").fill_null(False)).height


def _cells(row: Row, y: float, cols: Columns, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    for window, found in sorted(row.cells.items()):
        strength = min(abs(found["effect"]) / row.largest, 1.0)
        alarm = bool(found["alarm"])
        yield {
            "x": cols.xs[window],
            "y": y,
            "text": _signed(found["effect"]) + (" *" if alarm else ""),
            "fill": GAIN if found["effect"] >= 0 else LOSS,
            "fillOpacity": _opacity(strength),
            "alarm": alarm,
            "strong": strength > STRONG,
            "description": _told(row, found, keys[window], alarm),
            "segments": row.segment,
        }


def _opacity(strength: float) -> float:
    """How strong the colour is: nothing between .5 and .82, where neither dark nor white text can be read on it."""
    weak = strength <= STRONG
    return round(0.04 + 0.76 * strength if weak else 0.82 + 0.45 * (strength - STRONG), 3)


def _told(row: Row, found: Mapping[str, Any], key: str, alarm: bool) -> str:
    parts = [f"{_plain(found['metric'])} {number(found['value'])}", f"effect {_signed(found['effect'])}"]
    if found["q_value"] is not None:
        parts.append(f"q {found['q_value']:.2g}")
    if found["cause"]:
        parts.append(f"cause: {found['cause']}")
    who = f"{row.label}, " if row.segment else "whole window, "
    return f"{who}{key}: {', '.join(parts)}, n {found['n_before']:,} before, {found['n_after']:,} after" + (
        "; an alarm" if alarm else ""
    )


def _layers(cells: Sequence[Mapping[str, Any]], cols: Columns) -> list[Layer]:
    width, height = cols.step - 4, ROW - 4
    channels = ("fill", "fillOpacity", "description", "segments")
    boxes = [
        {"x": c["x"] - width / 2, "y": c["y"] - height / 2, **{k: c[k] for k in channels}}
        | {"stroke": INK if c["alarm"] else LINE, "strokeWidth": 2 if c["alarm"] else 1}
        for c in cells
    ]
    texts = [
        {"x": c["x"], "y": c["y"], "text": c["text"], "fill": ON_COLOUR if c["strong"] else INK}
        | {"fontWeight": "bold" if c["alarm"] else "normal"}
        for c in cells
    ]
    return [
        layer("rect", "cells", boxes, width=width, height=height, cornerRadius=2),
        *labels("effects", texts, align="center"),
    ]


def _plain(metric: str) -> str:
    return metric.replace("_", " ")


def _signed(effect: float) -> str:
    """The effect with two decimals; the sign is a minus, so that a screen reader says it."""
    text = f"{effect:.2f}" if abs(effect) < 100 else f"{effect:,.0f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def _summary(drawn: pl.DataFrame) -> str:
    alarms = _alarms(drawn)
    newest = max(drawn["window_start"].to_list())
    fresh = _alarms(drawn.filter(pl.col("window_start") == newest))
    told = f"{counted(alarms, 'alarm')}, {fresh} of them in {newest:%Y-%m-%d}."
    return " ".join([told, *_headlines(drawn.filter(pl.col("window_start") == newest))])


def _headlines(newest: pl.DataFrame) -> list[str]:
    """What the newest window's headlines say."""
    return newest.drop_nulls("headline").sort("headline")["sentence"].to_list()


def _table(history: History, known: pl.DataFrame) -> pl.DataFrame:
    ordered = known.sort("window_start", "scope", "segment_id", "metric", descending=[True, True, False, False])
    names = {i: history.label(i, "") for i in history.segments}
    return ordered.select(
        pl.col("window_start").dt.strftime("%Y-%m-%d").alias("window"),
        pl.col("segment_id").replace(names).fill_null("(whole window)").alias("of"),
        pl.col("metric").str.replace_all("_", " ", literal=True).alias("measure"),
        "value",
        "effect",
        pl.col("p_value").alias("p"),
        pl.col("q_value").alias("q"),
        "cause",
        pl.col("reference").alias("compared with"),
    )
