"""What the pictures share: the canvas, the palette, fonts, and text that fits. Matplotlib's objects without pyplot."""

import io
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 100

# After Paul Tol's qualitative scheme "muted", the palest made darker: told apart with any colour vision (a test
# simulates it). Shapes tell further clusters apart, and the numbers all of them.
COLOURS = ("#332288", "#CC6677", "#117733", "#DDAA33", "#44AA99", "#882255", "#3388CC", "#8A8A22", "#AA4499", "#111111")
SHAPES = ("o", "^", "s", "D", "v", "P", "X", "p")
INK, FAINT = "#222222", "#8A8A8A"
NO_CLUSTER = "#C8C8C8"
"""Colour of users with a negative label: in no cluster."""

FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "PingFang SC", "Microsoft YaHei")
"""A character missing in one is looked up in the next; those not installed are left out."""


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with these fonts and matplotlib's defaults, whatever the user's own matplotlibrc says."""
    from matplotlib import rc_context, rcdefaults, rcParams

    with warnings.catch_warnings(), rc_context():
        # a script that no installed font knows is drawn as boxes; the table of terms in the lake has the text
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        rcdefaults()
        rcParams["font.family"] = _fonts()
        yield


def new_figure(width: float, height: float) -> "Figure":
    """A white figure of so many hundreds of pixels, on a canvas of its own."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def png(figure: "Figure") -> bytes:
    """The figure as a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


def small_png(figure: "Figure") -> bytes:
    """The figure as a PNG of 64 colours, a third of the bytes: for what Dagster keeps with every window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    size = figure.canvas.get_width_height()
    drawn = Image.frombuffer("RGBA", size, figure.canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
    buffer = io.BytesIO()
    # the octree takes an eighth of the time of Pillow's usual choice of colours
    drawn.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "PNG")
    return buffer.getvalue()


def _fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return [name for name in FONTS if name in installed]


def heading(figure: "Figure", title: str, note: str) -> None:
    """Write a title and, below it, a note at the upper left."""
    shared: dict[str, Any] = {"x": 45 / (figure.get_figwidth() * DPI), "va": "top", "parse_math": False}
    height = figure.get_figheight() * DPI
    figure.text(y=1 - 22 / height, s=title, fontsize=15, fontweight="bold", color=INK, **shared)
    figure.text(y=1 - 50 / height, s=note, fontsize=11, color=FAINT, **shared)


def draw_nothing(axes: "Axes", text: str) -> None:
    """Say in the middle that there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=14, color=FAINT, transform=axes.transAxes)


def style(cluster: int) -> tuple[str, str]:
    """Colour and marker of a cluster; those of the first 80 differ."""
    if cluster < 0:
        return NO_CLUSTER, "o"
    return COLOURS[cluster % len(COLOURS)], SHAPES[cluster // len(COLOURS) % len(SHAPES)]


def fitted(terms: Sequence[str], most: int, width: int) -> str:
    """The first terms, one to `most`, that fit into `width` columns; a wide character counts two."""
    shown = [" ".join(term.split()) for term in terms[:most]]
    while len(shown) > 1 and _columns(", ".join(shown)) > width:
        shown.pop()
    text = ", ".join(shown)
    if _columns(text) <= width:
        return text
    while _columns(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
