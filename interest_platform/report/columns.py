"""Where the windows stand from left to right: the same rule in every picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from interest_platform.report.palette import LINE, MUTED
from interest_platform.report.vega import WIDTH, Layer, labels, layer

NARROWEST, WIDEST = 84.0, 240.0
"""Pixels between two windows: a date fits into the narrowest; few windows are not torn apart."""


@dataclass(frozen=True)
class Columns:
    """The x of each window, and the width of the whole picture."""

    xs: Sequence[float]
    step: float
    width: float


def columns(count: int, left: float, right: float) -> Columns:
    """Equal steps between the margins `left` and `right`, filling the page's width where the steps allow."""
    gaps = max(count - 1, 1)
    step = min(max((WIDTH - left - right) / gaps, NARROWEST), WIDEST)
    return Columns([left + step * i for i in range(count)], step, left + step * (count - 1) + right)


def dates(keys: Sequence[str], xs: Sequence[float], y: float) -> list[Layer]:
    """The windows' dates, centred at their x."""
    rows = [{"x": x, "y": y, "text": key} for key, x in zip(keys, xs, strict=True)]
    return labels("dates", rows, align="center", fill=MUTED)


def rules(xs: Sequence[float], top: float, bottom: float) -> Layer:
    """A thin vertical line at each x."""
    return layer("path", "rules", [{"path": f"M{x:.1f},{top:.1f}V{bottom:.1f}"} for x in xs], stroke=LINE)
