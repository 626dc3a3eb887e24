"""Addresses in a text: of a URL the host says what it is about; an e-mail address is a person's, and goes."""

import polars as pl

from interest_platform.text.rules import Rule, apply_rules, change_where

# Letters of alphabets that put spaces between words: in `请写信给a@b.org谢谢` the Chinese is no part of the address.
_LETTER = r"\p{Latin}\p{Greek}\p{Cyrillic}0-9"
_LABEL = rf"[{_LETTER}](?:[{_LETTER}_-]*[{_LETTER}])?"
_PATH = rf"(?:[:/?#][!-;=?-~{_LETTER}]*[{_LETTER}/_=&#%~+-]|[/?#])?"

_HOST_AND_PATH = rf"({_LABEL}(?:\.{_LABEL})*)\.?{_PATH}"
_URLS = (
    Rule(rf"(?i)(?:\burl:)?(?:https?|ftp|news|nntp|gopher)://(?:[!-.0-;=?A-~]*@)?(?:www\.+)*{_HOST_AND_PATH}", "$1"),
    Rule(rf"(?i)(^|[^{_LETTER}._-])(?:www\.+)+{_HOST_AND_PATH}", "$1$2"),
)
_MAIL = Rule(
    rf"(?i)<?(?:mailto:)?[{_LETTER}._%+'-]*[{_LETTER}_%+-]@[{_LETTER}.-]*[{_LETTER}](?:\.{{3}})?>?(?:\?subject=[!-~]*)?",
    " ",
)


def host_only(texts: pl.Series) -> pl.Series:
    """URLs as their host (`https://www.example.org/a?b` -> `example.org`), e-mail addresses dropped."""
    texts = change_where(texts, texts.str.contains(r"://|(?i:www)\."), lambda found: apply_rules(found, _URLS))
    return change_where(texts, texts.str.contains("@", literal=True), lambda found: apply_rules(found, (_MAIL,)))
