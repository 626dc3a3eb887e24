"""The pictures of a clustering run, as PNG: the users in the plane, and the curve over k. Matplotlib without pyplot."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_platform.tracking import plane
from interest_platform.tracking.canvas import (
    COLOURS,
    FAINT,
    INK,
    draw_nothing,
    fitted,
    heading,
    house_style,
    new_figure,
    png,
    style,
)
from interest_platform.tracking.store import TrackingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = 5_000
"""Users drawn at most."""
LISTED = 40
"""Clusters listed and numbered at most, the largest first."""
NAMED = 12
"""Up to so many clusters have their first terms on the map, too."""


CHOSEN_BY = {
    "silhouette": "mean silhouette",
    "bic": "BIC (lower is better)",
    "gap": "gap statistic",
    "stability": "adjusted Rand index of halves",
}
"""Columns of a curve that a rule chooses by, and what the axis says."""


@house_style()
def cluster_map(
    vectors: NDArray[np.float32],
    labels: NDArray[np.integer],
    terms: Mapping[int, Sequence[str]],
    *,
    title: str,
    seed: int,
) -> bytes:
    """A PNG of 1400 x 900: users as points, coloured by cluster, numbered at the centres; a table tells the terms.

    Vectors (users, dimensions), labels (users,) with negative ones in no cluster, terms best first. At most 5,000
    users are drawn, chosen by `seed`. Raises `TrackingError` where the lengths differ.
    """
    if vectors.ndim != 2 or labels.shape != (len(vectors),):
        raise TrackingError(f"vectors of shape {vectors.shape} and labels of shape {labels.shape} are not of one set")
    ids, sizes = np.unique(labels[labels >= 0], return_counts=True)
    clusters = sorted(zip(ids.tolist(), sizes.tolist(), strict=True), key=lambda c: (-c[1], c[0]))
    canvas = new_figure(14, 9)
    heading(canvas, title, f"{_counted(len(labels), 'user')} in {_counted(len(ids), 'cluster')}")
    axes = canvas.add_axes((0.045, 0.065, 0.615, 0.835))
    if len(labels):
        names = {cluster: fitted(terms.get(cluster, ()), 2, 22) for cluster, _ in clusters[:LISTED]}
        _draw_map(axes, vectors, labels, names, seed)
    else:
        draw_nothing(axes, "no users in this window")
    _draw_table(canvas, clusters, len(labels), terms)
    return png(canvas)


@house_style()
def k_curve(curve: pl.DataFrame, *, title: str, rule: str = "silhouette") -> bytes:
    """A PNG of 1000 x 640 of a frame (k, silhouette, inertia, chosen): both over k, with the chosen k marked.

    In place of the silhouette what the `rule` chose by, where the frame has it: bic, gap or stability.
    """
    canvas = new_figure(10, 6.4)
    chosen = curve.filter("chosen")["k"].to_list()
    heading(canvas, title, f"chosen: k = {chosen[0]}" if chosen else "")
    upper = canvas.add_axes((0.09, 0.47, 0.87, 0.39))
    lower = canvas.add_axes((0.09, 0.10, 0.87, 0.29), sharex=upper)
    shown = rule if rule in CHOSEN_BY and rule in curve.columns else "silhouette"
    for axes, column, label in ((upper, shown, CHOSEN_BY[shown]), (lower, "inertia", "inertia")):
        _draw_curve(axes, curve.drop_nulls(column), column, label, chosen)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("number of clusters k", color=INK)
    return png(canvas)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _draw_map(
    axes: "Axes",
    vectors: NDArray[np.float32],
    labels: NDArray[np.integer],
    names: Mapping[int, str],
    seed: int,
) -> None:
    chosen = plane.drawn(vectors, labels, DRAWN, seed)
    labels = labels[chosen]
    points, shares = plane.principal_plane(vectors[chosen], labels)
    _frame_map(axes, points, shares)
    side = float(np.clip(42 - 2.5 * math.log2(len(labels)), 10, 30))
    for cluster in np.unique(labels)[::-1]:
        colour, shape = style(int(cluster))
        here = points[labels == cluster]
        axes.scatter(here[:, 0], here[:, 1], s=side, c=colour, marker=shape, alpha=0.55, linewidths=0)
    if len(chosen) < len(vectors):
        note = f"{len(chosen):,} of {len(vectors):,} users drawn"
        axes.text(0.995, 0.008, note, ha="right", va="bottom", fontsize=9, color=FAINT, transform=axes.transAxes)
    _draw_labels(axes, points, labels, {cluster: name for cluster, name in names.items() if cluster in labels})


def _frame_map(axes: "Axes", points: plane.Points, shares: tuple[float, float]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    middle, span = (low + high) / 2, np.where(high - low > 1e-9, high - low, 1.0) * 0.53
    axes.set_xlim(middle[0] - span[0], middle[0] + span[0])
    axes.set_ylim(middle[1] - span[1], middle[1] + span[1])
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#DDDDDD")
    axes.set_xlabel(f"component 1 ({shares[0]:.0%} of the variance)", color=FAINT, fontsize=10)
    axes.set_ylabel(f"component 2 ({shares[1]:.0%} of the variance)", color=FAINT, fontsize=10)


def _draw_labels(axes: "Axes", points: plane.Points, labels: NDArray[np.integer], names: Mapping[int, str]) -> None:
    if not names:
        return
    named = len(names) <= NAMED
    anchors = axes.transData.transform(plane.centres(points, labels, np.array(list(names))))
    frame = axes.get_window_extent()
    places = plane.spread(anchors - frame.p0, (140, 46) if named else (26, 26), (frame.width, frame.height)) + frame.p0
    back = axes.transData.inverted()
    for (cluster, name), anchor, place in zip(
        names.items(), back.transform(anchors), back.transform(places), strict=True
    ):
        axes.plot(*zip(anchor, place, strict=True), color=INK, linewidth=0.9, zorder=4)
        _draw_badge(axes, cluster, place)
        if named:
            _draw_name(axes, name, place)


def _draw_badge(axes: "Axes", cluster: int, place: NDArray[np.float64]) -> None:
    x, y = place.tolist()
    disc: dict[str, Any] = {"marker": "o", "markersize": 18, "markeredgecolor": "white", "markeredgewidth": 1.5}
    axes.plot([x], [y], markerfacecolor=style(cluster)[0], zorder=5, **disc)
    centred: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontweight": "bold", "color": "white"}
    axes.text(x, y, str(cluster), fontsize=9 if cluster < 100 else 7, zorder=6, **centred)


def _draw_name(axes: "Axes", name: str, place: NDArray[np.float64]) -> None:
    from matplotlib.patheffects import withStroke

    below = axes.annotate(
        name, tuple(place), (0, -12), textcoords="offset points", ha="center", va="top", fontsize=10, zorder=6
    )
    below.set(color=INK, parse_math=False, path_effects=[withStroke(linewidth=3, foreground="white")])


def _draw_table(
    canvas: "Figure",
    clusters: Sequence[tuple[int, int]],
    users: int,
    terms: Mapping[int, Sequence[str]],
) -> None:
    axes = canvas.add_axes((0.675, 0.065, 0.315, 0.835))
    axes.set_axis_off()
    axes.set_xlim(0, 441)
    axes.set_ylim(751, 0)
    row = min(28.0, 700 / max(min(len(clusters), LISTED), 1))
    for x, text, side in ((84, "users", "right"), (146, "share", "right"), (162, "top terms", "left")):
        axes.text(x, 10, text, ha=side, va="center", fontsize=9, color=FAINT)
    axes.plot([0, 441], [24, 24], color="#DDDDDD", linewidth=1)
    for number, (cluster, size) in enumerate(clusters[:LISTED]):
        named = fitted(terms.get(cluster, ()), 3, 33)
        _draw_row(axes, 24 + row * (number + 0.6), row > 20, cluster, f"{size:,}", f"{size / users:.1%}", named)
    if len(clusters) > LISTED:
        more = f"and {len(clusters) - LISTED} smaller clusters"
        axes.text(162, 744, more, va="center", fontsize=9, color=FAINT)


def _draw_row(axes: "Axes", y: float, roomy: bool, cluster: int, size: str, share: str, named: str) -> None:
    colour, shape = style(cluster)
    axes.plot([8], [y], marker=shape, color=colour, markersize=8 if roomy else 6.5)
    shared: dict[str, Any] = {"y": y, "va": "center_baseline", "fontsize": 10 if roomy else 9, "parse_math": False}
    axes.text(20, s=str(cluster), fontweight="bold", color=INK, **shared)
    axes.text(84, s=size, ha="right", color=INK, **shared)
    axes.text(146, s=share, ha="right", color=FAINT, **shared)
    axes.text(162, s=named, color=INK, **shared)


def _draw_curve(axes: "Axes", curve: pl.DataFrame, column: str, label: str, chosen: Sequence[int]) -> None:
    from matplotlib.ticker import MaxNLocator

    if not curve.height:
        draw_nothing(axes, f"no {label}")
        return
    axes.plot(curve["k"], curve[column], color=COLOURS[0], marker="o", markersize=4, linewidth=1.6)
    for k in chosen:
        axes.axvline(k, color=COLOURS[1], linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
        for value in curve.filter(pl.col("k") == k)[column]:
            axes.plot([k], [value], marker="o", markersize=10, color=COLOURS[1], zorder=3)
            text = f"k = {k}: {value:.3f}" if column == "silhouette" else f"{value:,.1f}"
            axes.annotate(text, (k, value), (9, 9), textcoords="offset points", color=COLOURS[1], fontsize=10)
    axes.margins(x=0.04, y=0.18)
    axes.set_ylabel(label, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#EEEEEE")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
