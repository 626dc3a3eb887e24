"""Text in the pictures and the page: how wide it is, cut to fit, and said in words."""

import unicodedata

import polars as pl

TEXT = 12.0
"""Pixels of the pictures' texts."""

_NARROW = frozenset("iIjltfr.,:;|!'`()[] -")
_BROAD = frozenset("mwMW@%&")


def width_of(text: str, size: float = TEXT) -> float:
    """Pixels that a text of `size` pixels may take: an upper estimate for common sans-serif faces, the widest counted.

    The page's fonts are the reader's own, so that no exact measure exists when the picture is made.
    """
    return size * sum(map(_em, text))


def cut(text: str, width: float, size: float = TEXT) -> str:
    """The text on one line, cut with an ellipsis where it is wider than `width` pixels."""
    line = " ".join(text.split())
    if width_of(line, size) <= width:
        return line
    while line and width_of(f"{line}…", size) > width:
        line = line[:-1]
    return f"{line.rstrip()}…"


def number(value: float | None) -> str:
    """A number for people: whole where it is whole, else one decimal from 10 on and three digits below."""
    if value is None:
        return ""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"


def counted(count: int, noun: str) -> str:
    """`1 user`, `2 users`, `1 birth`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def users(count: float) -> str:
    """`1 user`, `2.5 users`: a user with several interests counts by their weights."""
    return f"{number(count)} {'user' if count == 1 else 'users'}"


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def cell(value: object) -> str:
    """A value of a table's cell as text; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list | pl.Series):
        return ", ".join(cell(v) for v in value)
    return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)


def _em(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    if char in _NARROW:
        return 0.42
    if char in _BROAD:
        return 1.0
    return 0.78 if char.isupper() else 0.65
