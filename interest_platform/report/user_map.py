"""The map: the newest window's users, coloured by segment, and the way each segment has come."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from interest_platform.report.frames import Frames
from interest_platform.report.history import History
from interest_platform.report.map_data import MapData, map_data
from interest_platform.report.palette import INK, LINE, MUTED, PAPER, colour_of, outline_of, place_of
from interest_platform.report.picture import Picture, nothing
from interest_platform.report.placing import placed
from interest_platform.report.projection import Points, fitted
from interest_platform.report.vega import WIDTH, Layer, labels, layer, spec_of
from interest_platform.report.words import counted, cut, width_of

NAME, TITLE = "segment_map", "Where segments lie"
HEIGHT, PAD = 640.0, 36.0
MOST_LABELS = 40
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
HOW = (
    "A point is a user of the newest window; colour and shape are the segment. A line is the way of a segment's centre "
    "from its first window to its newest, the large mark at its end; the line of a segment that has ended is dashed. "
    "The plane is that in which the centres of all windows lie furthest apart (principal components), so near in the "
    "map need not be near in all dimensions."
)


def user_map(history: History, frames: Frames) -> Picture:
    """The picture of `cluster_snapshots`, `cluster_members` and `user_interests`. No pseudonym is in it."""
    data = map_data(history, frames) if history.windows else None
    if data is None:
        return nothing(NAME, TITLE, "No window has segments yet.")
    every = [data.users, *(np.array(list(path.values())) for path in data.paths.values())]
    offset, scale = fitted(np.vstack(every), (PAD, PAD, WIDTH - PAD, HEIGHT - PAD))
    paths = {i: _scaled(path, offset, scale) for i, path in data.paths.items() if i in history.segments}
    paths = {i: paths[i] for i in history.segments if i in paths}
    trails = [_trail(history, i, path) for i, path in paths.items() if len(path) > 1]
    ends = [_end(history, i, path) for i, path in paths.items()]
    layers = [
        layer("rect", "frame", [{"x": 0.5, "y": 0.5}], width=WIDTH - 1, height=HEIGHT - 1, stroke=LINE, cornerRadius=6),
        layer("symbol", "users", list(_points(data, offset, scale)), size=26, fillOpacity=0.45),
        layer("path", "trail-halo", [{"path": t["path"]} for t in trails], stroke=PAPER, strokeWidth=5, opacity=0.8),
        layer("path", "trails", trails, strokeWidth=2.4, strokeCap="round", strokeJoin="round"),
        layer("symbol", "ends", ends, size=150),
        *_names(history, paths),
    ]
    summary = _summary(history, data)
    spec = spec_of(layers, WIDTH, HEIGHT, f"{TITLE}. {summary}")
    marks = {"trails": [t["segments"] for t in trails], "ends": [e["segments"] for e in ends], "users": data.segments}
    return Picture(NAME, TITLE, summary, HOW, spec, {"Places of segments": _table(history, data)}, marks)


Path = Mapping[int, tuple[float, float]]


def _scaled(path: Path, offset: Points, scale: float) -> dict[int, tuple[float, float]]:
    return {w: (x * scale + offset[0, 0], y * scale + offset[0, 1]) for w, (x, y) in sorted(path.items())}


def _points(data: MapData, offset: Points, scale: float) -> Iterator[dict[str, Any]]:
    for (x, y), segment in zip((data.users * scale + offset).round(1).tolist(), data.segments, strict=True):
        shape = SHAPES[place_of(segment) % len(SHAPES)]
        yield {"x": x, "y": y, "fill": outline_of(segment), "shape": shape}


def _over(history: History, segment_id: str) -> bool:
    return history.segments[segment_id].last < len(history.windows) - 1


def _trail(history: History, segment_id: str, path: Path) -> dict[str, Any]:
    first, last = history.keys[min(path)], history.keys[max(path)]
    return {
        "path": "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in path.values()),
        "stroke": outline_of(segment_id),
        "strokeDash": [4, 4] if _over(history, segment_id) else [],
        "description": f"way of {history.segments[segment_id].label} from {first} to {last}",
        "segments": segment_id,
    }


def _end(history: History, segment_id: str, path: Path) -> dict[str, Any]:
    segment, (x, y) = history.segments[segment_id], path[max(path)]
    over = _over(history, segment_id)
    return {
        "x": x,
        "y": y,
        "shape": SHAPES[place_of(segment_id) % len(SHAPES)],
        "fill": PAPER if over else colour_of(segment_id),
        "stroke": outline_of(segment_id) if over else INK,
        "strokeWidth": 2 if over else 1.2,
        "description": f"{segment.label}: {segment.sizes[segment.last]:,} members in {history.keys[segment.last]}"
        + (", its last window" if over else ""),
        "segments": segment_id,
    }


def _names(history: History, paths: Mapping[str, Path]) -> list[Layer]:
    """Names beside the newest places, the living and the large first; a line leads to one that stands apart."""
    ranked = sorted(paths, key=lambda i: (_over(history, i), -sum(history.segments[i].sizes.values()), i))[:MOST_LABELS]
    anchors = [paths[i][max(paths[i])] for i in ranked]
    texts = [cut(history.segments[i].label, 190) for i in ranked]
    boxes = placed(anchors, [(width_of(t) + 6, 17) for t in texts], (4, 4, WIDTH - 4, HEIGHT - 4))
    rows, leads = [], []
    for segment_id, (x, y), text, box in zip(ranked, anchors, texts, boxes, strict=True):
        if box is None:
            continue
        # the estimate is wide, so the text goes to the side of its box that is nearer to the point
        side = "left" if box[0] >= x - 3 else "right" if box[2] <= x + 3 else "center"
        at = {"left": box[0] + 3, "right": box[2] - 3, "center": (box[0] + box[2]) / 2}[side]
        ink = MUTED if _over(history, segment_id) else INK
        rows.append({"x": at, "y": (box[1] + box[3]) / 2, "text": text, "align": side, "fill": ink})
        near = (min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3]))
        if (near[0] - x) ** 2 + (near[1] - y) ** 2 > 15**2:
            leads.append({"path": f"M{x:.1f},{y:.1f}L{near[0]:.1f},{near[1]:.1f}"})
    return [layer("path", "leads", leads, stroke=MUTED), *labels("map-names", rows, halo=PAPER, fontWeight="bold")]


def _summary(history: History, data: MapData) -> str:
    alive = sum(not _over(history, i) for i in data.paths if i in history.segments)
    told = f"{counted(alive, 'segment')} of {history.keys[-1]}"
    if len(data.segments) < data.all_users:
        told += f", {len(data.segments):,} of {counted(data.all_users, 'user')} drawn"
    elif data.all_users:
        told += f", {counted(data.all_users, 'user')}"
    if data.left_out:
        told += f"; {counted(data.left_out, 'window')} left out, whose vectors are of another encoder"
    return f"{told}."


def _table(history: History, data: MapData) -> pl.DataFrame:
    rows = []
    for segment in history.segments.values():
        path = data.paths.get(segment.segment_id, {})
        if path:
            (x0, y0), (x1, y1) = path[min(path)], path[max(path)]
            way = [history.keys[min(path)], history.keys[max(path)], segment.sizes[segment.last]]
            rows.append((segment.label, *way, x1, y1, float(np.hypot(x1 - x0, y1 - y0))))
    names = ["segment", "from window", "to window", "members there", "x", "y", "moved (straight)"]
    kinds = [pl.String, pl.String, pl.String, pl.Int64, pl.Float64, pl.Float64, pl.Float64]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
