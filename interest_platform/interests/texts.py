"""Which texts belong to which of a user's interests."""

import polars as pl

_USER, _NO, _TEXT = "user_key", "interest_no", "text_hash"


def texts_elsewhere(interests: pl.DataFrame) -> pl.DataFrame:
    """user_key, interest_no, text_hash: the texts of every interest but its user's strongest.

    `interests` has user_key, interest_no and text_hashes of `user_interests`.
    """
    others = interests.filter(pl.col(_NO) > 0).select(_USER, _NO, pl.col("text_hashes").alias(_TEXT))
    return others.explode(_TEXT).drop_nulls(_TEXT)


def with_interest_no(texts: pl.DataFrame, elsewhere: pl.DataFrame) -> pl.DataFrame:
    """`texts` (user_key, text_hash) with interest_no, in their order; `elsewhere` is that of `texts_elsewhere`.

    What is in none of a user's other interests counts to the strongest, thus all texts of a user with one.
    """
    found = texts.join(elsewhere, on=[_USER, _TEXT], how="left", maintain_order="left")
    return found.with_columns(pl.col(_NO).fill_null(0).cast(pl.Int32))
