"""Vega specs of marks whose geometry is worked out already, rendered by vl-convert: no network, no browser."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interest_platform.report.palette import INK
from interest_platform.report.words import TEXT

SCHEMA = "https://vega.github.io/schema/vega/v6.json"
"""A name, not an address: nothing is fetched from it."""

WIDTH = 1160.0
"""Pixels that a picture has on a wide page; one with many windows is wider and scrolls."""

SCALES = (1.5, 1.0, 0.75, 0.5)
WIDEST_PNG = 4_000
"""Pixels."""

FONT = "Liberation Sans, Arial, Helvetica, DejaVu Sans, Noto Sans CJK SC, sans-serif"


@dataclass(frozen=True)
class Layer:
    """Marks of one Vega kind (path, rect, symbol, text); a row holds channels by Vega's names.

    Besides channels a row may hold `description` (what a reader is told of the mark: it can be focused and pointed at)
    and `segments` (ids, space separated: what the page's picker highlights).
    """

    kind: str
    name: str
    rows: Sequence[Mapping[str, Any]]
    shared: Mapping[str, Any]

    @property
    def told(self) -> bool:
        """Whether its marks are described; others are hidden from screen readers."""
        return any("description" in row for row in self.rows)


def layer(kind: str, name: str, rows: Sequence[Mapping[str, Any]], **shared: Any) -> Layer:
    """A layer whose marks share some channels."""
    return Layer(kind, name, rows, shared)


def labels(name: str, rows: Sequence[Mapping[str, Any]], *, halo: str | None = None, **shared: Any) -> list[Layer]:
    """Texts of `TEXT` pixels; with a halo they are drawn on an outline of that colour, to be read on top of marks."""
    base = {"font": FONT, "fontSize": TEXT, "baseline": "middle", "fill": INK} | shared
    front = Layer("text", name, rows, base)
    if halo is None:
        return [front]
    back = [{k: v for k, v in row.items() if k not in ("description", "fill")} for row in rows]
    behind = base | {"fill": halo, "stroke": halo, "strokeWidth": 3, "strokeJoin": "round", "opacity": 0.85}
    return [Layer("text", f"{name}-halo", back, behind), front]


def spec_of(layers: Sequence[Layer], width: float, height: float, description: str) -> dict[str, Any]:
    """The Vega spec of the layers, the first at the bottom, on a canvas of so many pixels."""
    kept = [each for each in layers if each.rows]
    return {
        "$schema": SCHEMA,
        "description": description,
        "width": round(width),
        "height": round(height),
        "padding": 0,
        "autosize": "none",
        "data": [{"name": _data_name(each), "values": _values(each)} for each in kept],
        "marks": [_mark(each) for each in kept],
    }


def render_svg(spec: Mapping[str, Any]) -> str:
    """The spec as an SVG text."""
    import vl_convert

    return str(vl_convert.vega_to_svg(dict(spec), allowed_base_urls=[]))


def render_png(svg: str, width: float, most_bytes: int) -> bytes:
    """An SVG so many pixels wide as a PNG on white, at the largest of a few scales with at most `most_bytes`.

    The smallest scale is taken where none fits.
    """
    scales = [scale for scale in SCALES if width * scale <= WIDEST_PNG] or [SCALES[-1]]
    scale = scales[0]
    image = _png(svg, scale)
    while len(image) > most_bytes and scale > scales[-1]:
        # bytes grow a little slower than pixels: straight to the scale that is likely to fit
        likely = [s for s in scales if s < scale and len(image) * (s / scale) ** 1.5 <= most_bytes]
        scale = max(likely, default=scales[-1])
        image = _png(svg, scale)
    return image


def _png(svg: str, scale: float) -> bytes:
    """A PNG of at most 256 colours: a fifth of the bytes, and flat marks look the same."""
    import vl_convert
    from PIL import Image

    full = vl_convert.svg_to_png(svg, scale=scale)
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(full)) as image:
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        # without `optimize`, which takes as long as drawing does and saves a twentieth
        paper.quantize(256, dither=Image.Dither.NONE).save(buffer, format="png")
    return buffer.getvalue()


def _values(each: Layer) -> list[dict[str, Any]]:
    """The rows, with the shared value of a channel that only other rows have of their own."""
    common = {key: value for key, value in each.shared.items() if any(key in row for row in each.rows)}
    return [{key: value for key, value in (common | dict(row)).items() if key != "segments"} for row in each.rows]


def _data_name(each: Layer) -> str:
    """Another than the marks' name, which Vega makes a data set of its own."""
    return f"data-{each.name}"


def _mark(each: Layer) -> dict[str, Any]:
    fields = {key for row in each.rows for key in row} - {"segments"}
    own = {key: {"field": key} for key in sorted(fields)}
    shared = {key: {"value": value} for key, value in each.shared.items() if key not in fields}
    return {
        "type": each.kind,
        "name": each.name,
        "from": {"data": _data_name(each)},
        "aria": each.told,
        "interactive": each.told,
        "encode": {"enter": shared | own},
    }
