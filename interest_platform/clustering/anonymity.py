"""Example texts in which no word tells who wrote them: words that few users use are hidden.

A promise about words, not about texts: whoever has all texts finds one from several common words in a row.
"""

import re
from collections.abc import Set

import polars as pl

from interest_platform.text.words import words_of

HIDDEN = "…"

COUNTED = 10_000
"""Texts in which a word's users are counted at most; fewer users found hide more, never less."""

_CJK = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def words_by_text(texts: pl.DataFrame) -> pl.DataFrame:
    """`row` (position) and `word` in lower case of every text, each once; takes `clean_text` and maybe `lang`."""
    told = texts if "lang" in texts.columns else texts.with_columns(lang=pl.lit("und"))
    words = words_of(told.select("lang", "clean_text")).select("row", pl.col("word").str.to_lowercase())
    return words.unique()


def common_words(documents: pl.DataFrame, words: pl.Series, users: int) -> set[str]:
    """Those of the words that as many users use; `documents` has user_key, text_hash, clean_text and maybe lang."""
    counted = documents.sort("text_hash", "user_key").head(COUNTED)
    uses = words_by_text(counted).filter(pl.col("word").is_in(words.unique().implode()))
    of = counted.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "user_key")
    counts = uses.join(of, on="row").group_by("word").agg(n=pl.col("user_key").n_unique())
    return set(counts.filter(pl.col("n") >= users)["word"])


def hide(text: str, rare: Set[str]) -> str:
    """The text with every rare word (in lower case) as an ellipsis, several in a row as one.

    >>> hide("Ask Zaphod B. about the trains", {"zaphod", "b"})
    'Ask …. about the trains'
    """
    if not rare:
        return text
    # longest first: where one word begins another, the longer is meant
    ordered = sorted(rare, key=lambda word: (-len(word), word))

    def replaced(found: re.Match[str]) -> str:
        inside = _goes_on(text, found.start() - 1, found[0][0]) or _goes_on(text, found.end(), found[0][-1])
        return found[0] if inside else HIDDEN

    hidden = re.sub("|".join(map(re.escape, ordered)), replaced, text, flags=re.IGNORECASE)
    return re.sub(rf"{HIDDEN}(?:\s*{HIDDEN})+", HIDDEN, hidden)


def _goes_on(text: str, at: int, edge: str) -> bool:
    """Whether the character at a word's edge belongs to the same word; Chinese and Japanese words have no such edge."""
    if not 0 <= at < len(text) or _CJK.match(edge):
        return False
    return text[at].isalnum() and not _CJK.match(text[at])
