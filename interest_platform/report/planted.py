"""Would we have noticed? How many planted changes the newest window's tracking found, by size."""

from typing import Any

import polars as pl

from interest_platform.report.history import History
from interest_platform.report.palette import INK, LINE, MUTED, PAPER, colour_of
from interest_platform.report.picture import Picture, nothing
from interest_platform.report.vega import Layer, labels, layer, spec_of
from interest_platform.report.words import cut

NAME, TITLE = "planted_changes", "Would we have noticed?"
KINDS = ("split", "merge", "birth", "death", "move", "all")
PANEL, GAP, LEFT, TOP, TALL = 152.0, 32.0, 44.0, 40.0, 120.0
HOW = (
    "Changes of known size are planted in the window's own vectors, and the tracking is asked to find them. A bar is "
    "the share found with exactly the right parents and children; below it stands the size, the share of the window's "
    "users that the change touches. A dashed line is at nine of ten."
)


def planted(history: History, frame: pl.DataFrame) -> Picture:
    """The picture of `planted_events`, of the newest window that has any."""
    rows = frame.filter(pl.col("window_start").is_in(list(history.windows)) & pl.col("recall").is_finite())
    if not rows.height:
        return nothing(NAME, TITLE, "No changes have been planted yet (table planted_events is empty).")
    newest = rows.filter(pl.col("window_start") == pl.col("window_start").max()).sort("kind", "size")
    kinds = [kind for kind in KINDS if kind in newest["kind"].to_list()]
    bars, layers = [], []
    for i, kind in enumerate(kinds):
        mine = newest.filter(pl.col("kind") == kind)
        panel, own = _panel(mine, LEFT + i * (PANEL + GAP), kind)
        bars += own
        layers += panel
    layers.insert(0, layer("rect", "bars", bars, fill=colour_of("s0007")))
    layers += labels(
        "scale",
        [{"x": LEFT - 8, "y": TOP + TALL * (1 - s), "text": f"{s:.0%}"} for s in (0, 0.5, 1)],
        align="right",
        fill=MUTED,
    )
    summary = _summary(newest)
    width = LEFT + len(kinds) * (PANEL + GAP)
    spec = spec_of(layers, width, TOP + TALL + 46, f"{TITLE} {summary}")
    return Picture(NAME, TITLE, summary, HOW, spec, {"Planted changes": _table(rows)}, {"bars": [""] * len(bars)})


def _panel(mine: pl.DataFrame, x: float, kind: str) -> tuple[list[Layer], list[dict[str, Any]]]:
    step = PANEL / mine.height
    bars, ticks = [], []
    for i, row in enumerate(mine.iter_rows(named=True)):
        height = max(row["recall"] * TALL, 1.0)
        told = f"{kind} of {row['size'] * 100:.3g}% of users: {row['noticed']} of {row['planted']} noticed"
        told += f", {row['false_events']} false, drift alarm {row['alarms']} times"
        bars.append(
            {"x": x + step * i + 2, "y": TOP + TALL - height, "height": height, "width": max(step - 4, 2)}
            | {"description": told}
        )
        # a label needs 44 pixels: with many sizes only some are written
        if i % max(1, round(44 / step + 0.49)) == 0:
            ticks.append({"x": x + step * (i + 0.5), "y": TOP + TALL + 12, "text": f"{row['size'] * 100:.3g}%"})
    base, nine = TOP + TALL, TOP + TALL * 0.1
    return [
        layer("path", f"axis-{kind}", [{"path": f"M{x},{base}h{PANEL}"}], stroke=LINE),
        layer("path", f"goal-{kind}", [{"path": f"M{x},{nine}h{PANEL}"}], stroke=MUTED, strokeDash=[4, 4]),
        *labels(f"ticks-{kind}", ticks, align="center", fill=MUTED),
        *labels(
            f"kind-{kind}",
            [{"x": x, "y": TOP - 18, "text": cut(_title(mine, kind), PANEL)}],
            fontWeight="bold",
            halo=PAPER,
            fill=INK,
        ),
    ], bars


def _title(mine: pl.DataFrame, kind: str) -> str:
    return "all changes" if kind == "all" else kind


def _summary(newest: pl.DataFrame) -> str:
    every = newest.filter(pl.col("kind") == "all")
    every = every if every.height else newest
    smallest = every["smallest_noticed"].drop_nulls().to_list()
    key = f"{newest['window_start'][0]:%Y-%m-%d}"
    if not smallest:
        return f"In {key} no size tried is noticed nine times of ten."
    return f"In {key} changes that touch {min(smallest) * 100:.3g}% of the users or more are noticed nine times of ten."


def _table(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("window_start", "kind", "size", descending=[True, False, False]).select(
        pl.col("window_start").dt.strftime("%Y-%m-%d").alias("window"),
        "kind",
        pl.col("size").alias("share of users"),
        "planted",
        "noticed",
        pl.col("false_events").alias("false"),
        "precision",
        "recall",
        pl.col("alarms").alias("drift alarms"),
        pl.col("smallest_noticed").alias("smallest noticed"),
    )
