"""The marks of events: a shape of its own for each kind, so that colour tells nothing that the shape does not."""

from typing import Any

from interest_platform.report.palette import INK, MUTED, PAPER
from interest_platform.report.vega import Layer, labels, layer

# Vega symbol paths in a box from -1 to 1: a fork opens to the right, a joint closes to the right.
EVENTS = {
    "birth": "circle",
    "split": "M-1,0L1,-1L1,1Z",
    "merge": "M1,0L-1,-1L-1,1Z",
    "death": "M-0.8,-0.8L0.8,0.8M-0.8,0.8L0.8,-0.8",
}


LEGEND = 84.0 * len(EVENTS)
"""Pixels that the legend is wide."""


def marker(kind: str, x: float, y: float) -> dict[str, Any]:
    """The mark of an event at a point."""
    hollow = kind == "birth"
    return {
        "x": x,
        "y": y,
        "shape": EVENTS[kind],
        "size": 70 if hollow else 110,
        "fill": PAPER if hollow else "transparent" if kind == "death" else INK,
        "stroke": PAPER if kind in ("split", "merge") else INK,
        "strokeWidth": 1 if kind in ("split", "merge") else 2.4 if kind == "death" else 2,
    }


def legend(y: float, x: float) -> list[Layer]:
    """What the marks mean, in a row from `x`."""
    kinds = list(EVENTS)
    marks = [marker(kind, x + 84 * i, y) for i, kind in enumerate(kinds)]
    words = [{"x": x + 84 * i + 12, "y": y, "text": kind} for i, kind in enumerate(kinds)]
    return [layer("symbol", "legend-marks", marks), *labels("legend", words, fill=MUTED)]
