"""The picture of drift: how much each window differs from its reference, and why."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from interest_platform.tracking.canvas import (
    COLOURS,
    FAINT,
    INK,
    draw_nothing,
    heading,
    house_style,
    new_figure,
    small_png,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES = {"energy": "interests (energy distance)", "js_shares": "segment shares", "vocabulary": "vocabulary"}
CAUSES = ("mix", "within", "model", "ingest")
DRAWN = 60
"""Windows drawn at most, the newest."""


@house_style()
def drift_timeline(metrics: pl.DataFrame, *, min_effect: float, title: str) -> bytes:
    """A PNG of 1000 x 640: effects over windows, alarms marked, and below the change by its causes.

    `metrics` are rows of drift_metrics with window_start; segments' rows are left out. An alarm is an alarm there.
    """
    canvas = new_figure(10, 6.4)
    heading(canvas, title, "a ring is an alarm: more than chance, more than is usual, and lasting or great")
    known = metrics.filter(pl.col("scope") == "window")
    windows = known["window_start"].unique().sort().tail(DRAWN)
    upper = canvas.add_axes((0.085, 0.47, 0.89, 0.355))
    if windows.is_empty():
        draw_nothing(upper, "no window has been compared yet")
        return small_png(canvas)
    lower = canvas.add_axes((0.085, 0.1, 0.89, 0.27), sharex=upper)
    places = {start: place for place, start in enumerate(windows)}
    known = known.filter(pl.col("window_start").is_in(windows.implode())).sort("window_start")
    _draw_effects(upper, known, places, min_effect)
    _draw_causes(lower, known, places)
    _label_windows(lower, [f"{start:%Y-%m-%d}" for start in places])
    upper.tick_params(labelbottom=False)
    return small_png(canvas)


def _draw_effects(axes: "Axes", known: pl.DataFrame, places: dict[Any, int], min_effect: float) -> None:
    for colour, (metric, label) in zip(COLOURS, LINES.items(), strict=False):
        rows = known.filter(pl.col("metric") == metric).drop_nulls("effect")
        x, y = [places[start] for start in rows["window_start"]], rows["effect"].to_list()
        axes.plot(x, y, color=colour, marker="o", markersize=4, linewidth=1.6, label=label)
        loud = rows["alarm"].fill_null(False).to_list()
        ringed = [(place, value) for place, value, alarm in zip(x, y, loud, strict=True) if alarm]
        ring: dict[str, Any] = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "linestyle": "none"}
        axes.plot(*zip(*ringed, strict=True), color=colour, **ring) if ringed else None
    axes.axhline(min_effect, color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_ylim(0, max(axes.get_ylim()[1] * 1.1, 2 * min_effect))
    _finish(axes, "effect")


def _draw_causes(axes: "Axes", known: pl.DataFrame, places: dict[Any, int]) -> None:
    above, below = np.zeros(len(places)), np.zeros(len(places))
    for colour, cause in zip(COLOURS[3:], CAUSES, strict=False):
        rows = known.filter(pl.col("metric") == f"change_{cause}")
        height = np.zeros(len(places))
        height[[places[start] for start in rows["window_start"]]] = rows["value"].to_numpy()
        axes.bar(range(len(places)), height, 0.7, bottom=np.where(height < 0, below, above), color=colour, label=cause)
        above, below = above + np.maximum(height, 0), below + np.minimum(height, 0)
    axes.axhline(0, color=INK, linewidth=0.8)
    _finish(axes, "change by cause")


def _label_windows(axes: "Axes", names: list[str]) -> None:
    step = max(1, -(-len(names) // 9))
    axes.set_xticks(range(0, len(names), step), names[::step])
    axes.set_xlim(-0.6, max(len(names) - 0.4, 0.6))


def _finish(axes: "Axes", label: str) -> None:
    axes.set_ylabel(label, color=INK)
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.98), ncols=4, frameon=False, fontsize=9)
    axes.grid(axis="y", color="#EEEEEE")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
