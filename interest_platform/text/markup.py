"""HTML out, text kept: by rules over the column, so that no nesting, however deep, costs more than its length.

(A tree parser takes 15 s for 100,000 nested `<div>`, as the standard has it walk the open elements at each.)
Only the tags of HTML are markup, and only in a text that shows it is HTML: `a < b`, `<grin>` and
`usage: copy <source>` are what people write, and stay.
"""

import html

import polars as pl

from interest_platform.text.characters import MARK
from interest_platform.text.rules import Rule, apply_rules, change_where

_BLOCK = (
    "address|article|aside|body|br|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form"
    "|frame|frameset|h[1-6]|head|header|hgroup|hr|html|legend|li|main|menu|nav|noframes|noscript|ol|optgroup|option"
    "|p|pre|section|select|summary|table|tbody|tfoot|thead|tr|ul"
)
_CELL = "td|th|caption"
_INLINE = (
    "a|abbr|acronym|area|audio|b|base|bdi|bdo|big|blink|button|canvas|cite|code|col|colgroup|data|datalist|del|dfn|em"
    "|embed|font|i|iframe|img|input|ins|kbd|label|link|map|mark|marquee|meta|meter|nobr|object|output|param|picture"
    "|progress|q|rp|rt|ruby|s|samp|small|source|span|strike|strong|sub|sup|svg|template|textarea|time|title|tt|u|var"
    r"|video|wbr|[a-z][a-z0-9]*:[a-z][a-z0-9]*"
)
_QUOTE = "blockquote"
_NAMES = f"{_BLOCK}|{_CELL}|{_INLINE}|{_QUOTE}"

# A value in quotes may hold `>`, but not `<`: an unbalanced quote then reaches no further than the next tag.
_REST = r"""(?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*|[\s/][^<>]*)?"""

_EVIDENCE = (
    rf"(?i)</(?:{_NAMES})\s*>|<!doctype\s|<!--|<(?:p|br|hr|div|li|tr|td|ul|ol|h[1-6]|html|body|blockquote)\s*/?>"
    rf"|<(?:{_NAMES})\s[^<>]*=[^<>]*>|<\?xml\s"
)

# What these hold is not the author's text. One that is never closed is left as it stands.
_UNSEEN = tuple(
    Rule(rf"(?is)<{name}(?:[\s/][^<>]*)?>.*?</{name}\s*>", " ")
    for name in ("script", "style", "title", "template", "noframes", "iframe", "object", "svg", "textarea")
)
_COMMENTS = (
    Rule(r"(?s)<!--.*?(?:-->|\z)", " "),
    Rule(r"(?is)<!\[CDATA\[(.*?)\]\]>", "$1"),
    Rule(r"(?i)<[!?](?:doctype|\[|xml|if|endif)[^>]*>", " "),
)
_TAGS = (
    Rule(rf"(?i)</?(?:{_BLOCK}){_REST}>", "\n"),
    Rule(rf"(?i)</?(?:{_CELL}){_REST}>", " "),
    Rule(rf"(?i)</?(?:{_INLINE}){_REST}>"),
    # A text that was cut ends in half a tag.
    Rule(rf"(?i)</?(?:{_NAMES})(?:[\s/][^<>]*)?\z"),
)
_OPEN, _CLOSE = f"{MARK}(", f"{MARK})"
_QUOTE_MARKS = (
    Rule(rf"(?i)<{_QUOTE}{_REST}>", _OPEN),
    Rule(rf"(?i)</{_QUOTE}\s*>", _CLOSE),
)
_INNERMOST_QUOTE = rf"{MARK}\([^{MARK}]*{MARK}\)"
_DEEPEST_QUOTE = 20

_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"


def without_markup(texts: pl.Series) -> pl.Series:
    """The texts as a browser would show them: no tags, no scripts, block elements on their own lines, entities decoded.

    Entities are decoded once: `&amp;lt;` is `&lt;`, as its author wanted it read. A `blockquote` is somebody else's
    text and goes.
    """
    texts = change_where(texts, texts.str.contains(_EVIDENCE), _without_tags)
    return change_where(texts, texts.str.contains(r"&[#A-Za-z]"), _decoded)


def _without_tags(texts: pl.Series) -> pl.Series:
    texts = texts.str.replace_all(MARK, "", literal=True)
    texts = apply_rules(texts, (*_COMMENTS, *_UNSEEN, *_QUOTE_MARKS))
    return apply_rules(_without_quotes(texts), _TAGS)


def _without_quotes(texts: pl.Series) -> pl.Series:
    """Quotes go from the innermost outwards; marks without a partner (or nested too deep) are line breaks."""
    for _ in range(_DEEPEST_QUOTE):
        nested = texts.str.contains(_INNERMOST_QUOTE)
        if not nested.any():
            break
        texts = change_where(texts, nested, lambda found: found.str.replace_all(_INNERMOST_QUOTE, "\n"))
    return texts.str.replace_all(rf"{MARK}[()]", "\n")


def _decoded(texts: pl.Series) -> pl.Series:
    texts = texts.str.replace_all(r"(?i)&nbsp;?", " ")
    entities = texts.str.extract_all(_ENTITY).explode().drop_nulls().unique().sort().to_list()
    return texts.str.replace_many(entities, [html.unescape(e) for e in entities]) if entities else texts
