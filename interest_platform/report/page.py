"""The page: one HTML file that opens from a disk, offline. Style and script are in it, hashed; nothing is fetched."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from interest_platform.report.palette import DARK
from interest_platform.report.picture import Picture
from interest_platform.report.svg import inline_svg
from interest_platform.report.tables import details_of

HINT = (
    "Point at a mark, or tab into a picture and go from mark to mark with the arrow keys, to be told what it is. "
    "Enter or a click highlights its segment everywhere, Escape ends that."
)


def page_of(
    pictures: Sequence[Picture],
    *,
    title: str,
    facts: Mapping[str, str] | None = None,
    segments: Mapping[str, str] | None = None,
    note: str = "",
) -> str:
    """The HTML of the pictures, each with its words and its table.

    `facts` stand in the header (name to value), `segments` (id to label) in the picker, `note` at the end.
    """
    style = _file("page.css") + _dark()
    script = _file("page.js")
    # the policy forbids whatever a text might smuggle in: only this style and this script count
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
    body = "".join(
        (
            '<a class="skip" href="#main">Skip to the pictures</a>',
            _header(title, facts or {}, any(picture.spec for picture in pictures)),
            _tools(pictures, segments or {}),
            f'<main id="main" tabindex="-1">{"".join(_section(p) for p in pictures)}</main>',
            f"<footer><p>{_coded(note)}</p></footer>" if note else "",
            '<div id="tip" aria-hidden="true" hidden></div>',
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body>{body}<script>{script}</script></body></html>\n"
    )


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _dark() -> str:
    """Rules that turn the pictures' colours into those of a dark page: style rules win over an SVG's attributes."""
    rules = "".join(
        f'.picture [fill="{light}"]{{fill:{dark}}}.picture [stroke="{light}"]{{stroke:{dark}}}'
        for light, dark in DARK.items()
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"


def _coded(text: str) -> str:
    """The text escaped, with what stands in backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _header(title: str, facts: Mapping[str, str], drawn: bool) -> str:
    told = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    listed = f"<dl>{told}</dl>" if told else ""
    hint = f'<p class="hint">{HINT}</p>' if drawn else ""
    return f"<header><h1>{escape(title)}</h1>{listed}{hint}</header>"


def _tools(pictures: Sequence[Picture], segments: Mapping[str, str]) -> str:
    if len(pictures) < 2:
        return ""
    links = "".join(f'<li><a href="#{escape(p.name)}">{escape(p.title)}</a></li>' for p in pictures)
    nav = f'<nav aria-label="Pictures"><ul>{links}</ul></nav>'
    if not segments:
        return f'<div class="tools">{nav}</div>'
    options = "".join(f'<option value="{escape(i)}">{escape(label)}</option>' for i, label in segments.items())
    picker = (
        f'<label for="pick">Highlight</label><select id="pick"><option value="">all segments</option>{options}</select>'
    )
    return f'<div class="tools">{nav}<div class="pick">{picker}</div></div>'


def _section(picture: Picture) -> str:
    name, title = escape(picture.name), escape(picture.title)
    head = f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>'
    head += f'<p class="summary">{escape(picture.summary)}</p>'
    tables = "".join(details_of(frame, told) for told, frame in picture.tables.items())
    if picture.spec is None:
        return f"{head}{tables}</section>"
    figure = (
        f'<figure><div class="scroll" tabindex="0" role="region" aria-label="Picture: {title}">'
        f"{inline_svg(picture)}</div>"
        f"<figcaption><p>{escape(picture.how)}</p></figcaption></figure>"
    )
    return f"{head}{figure}{tables}</section>"
