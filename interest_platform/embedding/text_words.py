"""The words that trained encoders count: of any language, and of the text alone."""

from collections.abc import Sequence

import polars as pl

from interest_platform.configuration import TextSettings
from interest_platform.text.codes import UNDETERMINED
from interest_platform.text.words import forms_of, words_of

_PLAIN = TextSettings(stem=False, stop_words=False)


def text_words(texts: Sequence[str]) -> pl.DataFrame:
    """Every word in order: `row` (position of the text), `word` (lower case). Chinese is cut into words by rjieba.

    Neither stemmed nor without stop words: for both a text's language would have to be known, and told wrong it would
    change the vector. Words that are everywhere weigh next to nothing anyway.
    """
    cleaned = pl.DataFrame({"lang": [UNDETERMINED] * len(texts), "clean_text": texts}, schema_overrides=_SCHEMA)
    words = words_of(cleaned)
    forms = forms_of(words, _PLAIN).select("lang", "word", "token")
    kept = words.join(forms, on=["lang", "word"], how="inner", maintain_order="left")
    return kept.select("row", word="token")


_SCHEMA = {"lang": pl.String, "clean_text": pl.String}
