"""How good are recommendations? Each strategy's NDCG and what it has more than its rivals, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from interest_platform.configuration import RIVALS
from interest_platform.domain.recommendation_tables import LEADING, ablated_names, less_metric
from interest_platform.report.palette import GAIN, GREY, INK, LINE, LOSS, MUTED
from interest_platform.report.picture import Picture, nothing
from interest_platform.report.vega import WIDTH, Layer, labels, layer, spec_of
from interest_platform.report.words import counted, cut, listed

NAME, TITLE = "recommendation_quality", "How good are recommendations?"
LEFT, TOP, ROW, GAP = 304.0, 62.0, 26.0, 36.0
APART = 60.0
"""Pixels between 0 and a limit from which on both are written."""
LESS = f"{LEADING}_less_"
HOW = (
    "A dot is the mean over users and windows, its line the 95 % interval; all windows that were judged are pooled. To "
    "the right is what a strategy has more than each rival, for the same users in the same windows: only a line that "
    "lies wholly to the right of 0 is proven. The strategies in brackets have segments shuffled among users or none."
)

Row = Mapping[str, Any]


def recommendations(frame: pl.DataFrame) -> Picture:
    """The picture of `recommendation_metrics`, of the newest window that has any."""
    rows = frame.filter(pl.col("segment_id").is_null())
    if not rows.filter(pl.col("metric") == LEADING).height:
        return nothing(NAME, TITLE, "No list has been judged yet (table recommendation_metrics has no NDCG).")
    newest = rows.filter(pl.col("window_start") == pl.col("window_start").max())
    told = {(row["strategy"], row["metric"]): row for row in newest.iter_rows(named=True)}
    means = sorted((row for (_, metric), row in told.items() if metric == LEADING), key=_best_first)
    ys = {row["strategy"]: TOP + ROW * (place + 0.5) for place, row in enumerate(means)}
    panels = {f"NDCG@{means[0]['k']}": {row["strategy"]: row for row in means}}
    for rival in RIVALS:
        panels[f"less {rival}"] = {name: told[key] for name in ys if (key := (name, less_metric(name, rival))) in told}
    layers = labels(
        "strategies",
        [{"x": LEFT - 12, "y": y, "text": cut(name, LEFT - 20), "fill": _ink(told, name)} for name, y in ys.items()],
        align="right",
    )
    width = (WIDTH - LEFT) / len(panels) - GAP
    for place, (title, of) in enumerate(panels.items()):
        layers += _panel(title, of, ys, LEFT + place * (width + GAP), width)
    marks = {each.name: [""] * len(each.rows) for each in layers if each.told}
    summary = _summary(told, list(ys))
    spec = spec_of(layers, WIDTH, TOP + ROW * len(ys) + 12, f"{TITLE} {summary}")
    return Picture(NAME, TITLE, summary, HOW, spec, {"Recommendations by strategy": _table(newest)}, marks)


def _best_first(row: Row) -> tuple[float, str]:
    return -row["value"], row["strategy"]


def _ink(told: Mapping[tuple[str, str], Row], name: str) -> str:
    return INK if (name, "gate") in told or name in RIVALS else MUTED


def _panel(title: str, of: Mapping[str, Row], ys: Mapping[str, float], left: float, width: float) -> list[Layer]:
    """A column of dots with their intervals on one scale, which 0 is always on."""
    limits = [0.0, *(v for row in of.values() for v in (row["value"], row["ci_low"], row["ci_high"]) if v is not None)]
    low, high = min(limits), max(limits)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return left + (value - low) / span * width

    bottom = TOP + ROW * len(ys)
    name = title.replace(" ", "-")
    axis = [{"path": f"M{at(0):.1f},{TOP - 6}V{bottom}"}]
    ends = [
        {"x": at(value), "y": TOP - 16, "text": f"{value:+.2g}" if value else "0", "align": align}
        for value, align in {low: "left", high: "right", 0.0: "center"}.items()
        if not value or abs(at(value) - at(0)) > APART
    ]
    whiskers = [
        {"path": f"M{at(row['ci_low']):.1f},{ys[strategy]}H{at(row['ci_high']):.1f}", "stroke": _colour(row)}
        for strategy, row in of.items()
        if row["ci_low"] is not None
    ]
    dots = [
        {"x": at(row["value"]), "y": ys[strategy], "fill": _colour(row), "description": _said(row)}
        for strategy, row in of.items()
    ]
    return [
        layer("path", f"axis-{name}", axis, stroke=LINE),
        layer("path", f"intervals-{name}", whiskers, strokeWidth=2),
        layer("symbol", f"dots-{name}", dots, size=70),
        *labels(f"ends-{name}", ends, fill=MUTED),
        *labels(f"title-{name}", [{"x": left, "y": 18, "text": title}], fontWeight="bold"),
    ]


def _colour(row: Row) -> str:
    if not row["metric"].startswith(LESS):
        return INK
    if row["ci_low"] is None or row["ci_low"] <= 0 <= row["ci_high"]:
        return GREY
    return GAIN if row["value"] > 0 else LOSS


def _said(row: Row) -> str:
    metric = row["metric"].replace("_less_", " less ").replace(LEADING, f"NDCG@{row['k']}", 1)
    return f"{row['strategy']}: {metric} {_interval(row)}, {counted(row['n_users'], 'user')}"


def _interval(row: Row) -> str:
    if row["ci_low"] is None:
        return f"{row['value']:.4f}"
    sign = "+" if row["metric"].startswith(LESS) else ""
    return f"{row['value']:{sign}.4f} [{row['ci_low']:{sign}.4f}, {row['ci_high']:{sign}.4f}]"


def _summary(told: Mapping[tuple[str, str], Row], names: Sequence[str]) -> str:
    passed = [name for name in names if (name, "gate") in told and told[name, "gate"]["value"] == 1]
    gate = f"{passed[0]} is published: it beats {listed(list(RIVALS))} for sure." if passed else ""
    return " ".join((gate or f"No strategy has passed the gate: {RIVALS[0]} is published.", *_segments(told, names)))


def _segments(told: Mapping[tuple[str, str], Row], names: Sequence[str]) -> list[str]:
    """Whether segments help, of each strategy that was judged with shuffled segments and without too."""
    lines = []
    for name in names:
        pair = [told.get((name, less_metric(name, other))) for other in ablated_names(name)]
        shuffled, none = pair
        if shuffled and none:
            helps = all((row["ci_low"] or 0) > 0 for row in (shuffled, none))
            word = "help" if helps else "are not proven to help"
            lines.append(
                f"Segments {word} {name}: {_interval(shuffled)} more than with shuffled ones, {_interval(none)} more "
                "than without."
            )
    return lines


def _table(newest: pl.DataFrame) -> pl.DataFrame:
    return newest.sort("strategy", "metric").select(
        "strategy",
        "metric",
        "k",
        "value",
        pl.col("ci_low").alias("low"),
        pl.col("ci_high").alias("high"),
        pl.col("n_users").alias("users"),
        "protocol",
    )
