"""The characters of a text: one form for what looks the same, nothing that can't be seen, one kind of space."""

import polars as pl

from interest_platform.text.rules import Rule, apply_rules, change_where

MARK = "\x01"
"""A character that no text holds after `legible`; the markup rules use it as a bookmark."""

_NOT_PLAIN = r"[^\x20-\x7E\n]"
_C1 = r"[\x{80}-\x{9f}]"

# Windows-1252 read as Latin-1: the usual origin of C1 control characters in mail and old web pages.
_WINDOWS_1252 = {
    chr(code): bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}

_LEGIBLE = (
    Rule(r"\r\n?|[\x0B\x0C\x{85}\x{2028}\x{2029}]", "\n"),
    # Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji mean something by them.
    Rule(
        r"[\x00-\x08\x0E-\x1F\x7F-\x{9f}\x{AD}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}"
        r"\x{FEFF}\x{FFF9}-\x{FFFD}\x{FFFE}\x{FFFF}\x{E0000}-\x{E007F}\p{Co}]"
    ),
    # NFKC makes the acute accent a space and a combining mark; people type it as an apostrophe.
    Rule("´", "'"),
)


def legible(texts: pl.Series) -> pl.Series:
    """NFKC without control and format characters; every line break is a single newline character."""
    return change_where(texts, texts.str.contains(_NOT_PLAIN), _made_plain)


def one_line(texts: pl.Series) -> pl.Series:
    """White space of any kind and length as one space, none at the ends."""
    return texts.str.replace_all(r"[^\S ]\s*|\s{2,}", " ").str.strip_chars()


def _made_plain(texts: pl.Series) -> pl.Series:
    texts = change_where(texts, texts.str.contains(_C1), _from_windows_1252)
    texts = apply_rules(texts, _LEGIBLE)
    return change_where(texts, texts.str.contains(r"[^\x00-\x7F]"), lambda found: found.str.normalize("NFKC"))


def _from_windows_1252(texts: pl.Series) -> pl.Series:
    return texts.str.replace_many(list(_WINDOWS_1252), list(_WINDOWS_1252.values()))
