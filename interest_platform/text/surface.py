"""Stems are for counting; people are shown the word they stand for (`appl` is read as `apple`)."""

import polars as pl

from interest_platform.configuration import TextSettings
from interest_platform.text.words import forms_of, words_of

_KEY = ["lang", "token"]


def surface_forms(cleaned: pl.DataFrame, settings: TextSettings) -> pl.DataFrame:
    """The most frequent word form of each token: `lang`, `token`, `form`, `uses` (of the token), by lang and token.

    `cleaned` holds `lang` and `clean_text` of `cleaned_tokens`; the settings are those it was cleaned with. Of equally
    frequent forms the shortest is taken, then the first in the alphabet.
    """
    words = words_of(cleaned.select("lang", "clean_text")).group_by("lang", "word").agg(uses=pl.len())
    forms = words.join(forms_of(words, settings), on=["lang", "word"]).group_by(*_KEY, "form").agg(pl.col("uses").sum())
    ranked = forms.sort(pl.col("uses"), pl.col("form").str.len_chars(), "form", descending=[True, False, False])
    best = ranked.group_by(_KEY, maintain_order=True).agg(pl.col("form").first(), pl.col("uses").sum())
    return best.sort(_KEY)


def with_surface_forms(terms: pl.DataFrame, forms: pl.DataFrame) -> pl.DataFrame:
    """`class_terms`' result with every term in the form people read; order is kept, a repeated form is named once.

    `forms` comes from `surface_forms`; a token of several languages is read as in the one that uses it most. A term
    without a form stays as it is.
    """
    ranked = forms.sort("uses", "lang", descending=[True, False]).unique("token", keep="first", maintain_order=True)
    reading = dict(zip(ranked["token"], ranked["form"], strict=True))
    read = pl.element().replace(reading).unique(maintain_order=True)
    return terms.with_columns(pl.col("top_terms").list.eval(read)) if reading else terms
