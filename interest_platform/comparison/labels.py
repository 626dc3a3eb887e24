"""What an interest is about, where texts carry a label: the label most of its texts have."""

import polars as pl

from interest_platform.interests.texts import texts_elsewhere, with_interest_no

_INTEREST = ["user_key", "interest_no"]


def interest_labels(interests: pl.DataFrame, texts: pl.DataFrame) -> pl.Series:
    """The most frequent label of each interest's texts, in the order of `interests`; null where none has a label.

    `texts` has user_key, text_hash and label (null: none). Ties go to the label that sorts first.
    """
    told = with_interest_no(texts.drop_nulls("label"), texts_elsewhere(interests))
    counted = told.group_by(*_INTEREST, "label").agg(n=pl.len())
    most = counted.sort(*_INTEREST, "n", "label", descending=[False, False, True, False])
    first = most.unique(_INTEREST, keep="first", maintain_order=True).select(*_INTEREST, "label")
    return interests.select(_INTEREST).join(first, on=_INTEREST, how="left", maintain_order="left")["label"]
