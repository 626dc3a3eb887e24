"""A frame as an accessible HTML table, in a box that scrolls by itself and can be reached with the keyboard."""

from html import escape

import polars as pl

from interest_platform.report.words import cell, counted

MOST_ROWS = 1_000
"""Rows of a table on the page, the first ones; the lake has all."""


def details_of(frame: pl.DataFrame, title: str) -> str:
    """A `<details>` with the table; nothing for a frame without rows."""
    if not frame.height:
        return ""
    told = f"Table: {escape(title)}"
    return (
        f'<details><summary>{told} <span class="count">({counted(frame.height, "row")})</span></summary>'
        f'<div class="scroll table" tabindex="0" role="region" aria-label="{told}">'
        f"{table_of(frame, title)}</div></details>"
    )


def table_of(frame: pl.DataFrame, caption: str) -> str:
    """The `<table>`: a caption, column heads, numbers to the right; every text escaped."""
    numeric = [kind.is_numeric() for kind in frame.schema.values()]
    sides = [' class="n"' if n else "" for n in numeric]
    heads = "".join(
        f'<th scope="col"{side}>{escape(name)}</th>' for name, side in zip(frame.columns, sides, strict=True)
    )
    rows = "".join(
        f"<tr>{''.join(f'<td{side}>{escape(cell(v))}</td>' for v, side in zip(row, sides, strict=True))}</tr>"
        for row in frame.head(MOST_ROWS).iter_rows()
    )
    more = f" (the first {MOST_ROWS:,} of {frame.height:,} rows)" if frame.height > MOST_ROWS else ""
    head = f"<caption>{escape(caption + more)}</caption><thead><tr>{heads}</tr></thead>"
    return f"<table>{head}<tbody>{rows}</tbody></table>"
