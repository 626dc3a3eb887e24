"""A picture with its words and its table: what the page, MLflow and Dagster show of it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from interest_platform.report.vega import render_png, render_svg

MOST_BYTES = 300_000
"""Bytes of a PNG in metadata: Dagster keeps it in the row of an event."""


@dataclass(frozen=True)
class Picture:
    """A picture: Vega spec (None: there is nothing to draw, and `summary` says why) and the same data
    as tables by title.

    `marks` tells of each described layer which segments its marks belong to, in the layer's order.
    """

    name: str
    title: str
    summary: str
    how: str
    spec: Mapping[str, Any] | None
    tables: Mapping[str, pl.DataFrame]
    marks: Mapping[str, list[str]]

    def png(self, most_bytes: int = MOST_BYTES) -> bytes | None:
        """The picture as a PNG of at most `most_bytes` where a smaller scale reaches it; None without a picture."""
        return None if self.spec is None else render_png(self.svg, self.spec["width"], most_bytes)

    @cached_property
    def svg(self) -> str:
        """The picture as Vega draws it, once for page and PNG. Only where there is a `spec`."""
        assert self.spec is not None
        return render_svg(self.spec)

    def html(self) -> str:
        """A page of its own: the picture, its words and its table; opens from a file, fetches nothing."""
        from interest_platform.report.page import page_of

        return page_of([self], title=self.title)


def nothing(name: str, title: str, why: str, tables: Mapping[str, pl.DataFrame] | None = None) -> Picture:
    """A picture that can't be drawn, and why."""
    return Picture(name, title, why, "", None, tables or {}, {})


def png_markdown(png: bytes | None, alt: str = "", most_bytes: int = MOST_BYTES) -> str:
    """Markdown that shows the PNG without any file, for `MetadataValue.md`; a sentence where there is none to show."""
    if png is None:
        return f"*{alt or 'picture'}: nothing to draw yet*"
    if len(png) > most_bytes:
        return f"*{alt or 'picture'}: {len(png):,} bytes are too many to keep here; the MLflow run has it*"
    safe = "".join(c for c in alt if c not in "[]<>\n\\")
    return f"![{safe}](data:image/png;base64,{base64.b64encode(png).decode()})"
