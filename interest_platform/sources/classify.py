"""Which rows of a source are accepted, which are not and why. Rows in = accepted + rejected, always."""

from dataclasses import dataclass

import polars as pl

from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.sources.reasons import Reason
from interest_platform.sources.rejected import rejected_rows
from interest_platform.sources.rows import Rules
from interest_platform.sources.text_ids import text_ids
from interest_platform.sources.users import Users
from interest_platform.sources.vectors import unit_vectors


@dataclass(frozen=True)
class Classified:
    """The body columns of `raw_texts`, sorted by text_id, and of `rejected_texts`, sorted by row_ref."""

    accepted: pl.DataFrame
    rejected: pl.DataFrame


def classify(rows: pl.DataFrame, rules: Rules, users: Users) -> Classified:
    """Judge the rows (`SOURCE_ROWS`) of one source in one window.

    Of equal rows one is accepted: the first by category, language and rating (nulls last), then by file and row, so
    that the order of the rows in the files does not show in the result.
    """
    judged = _judge(_prepare(rows, users), rules)
    good = _with_text_id(judged.filter(pl.col("reason").is_null()), rules)
    first = pl.col("text_id").is_first_distinct()
    kept = good.filter(first)
    again = good.filter(~first).join(kept.select("text_id", kept_ref="row_ref"), on="text_id", how="left")
    again = again.with_columns(pl.lit(str(Reason.DUPLICATE)).alias("reason"))
    refused = pl.concat([judged.filter(pl.col("reason").is_not_null()), again], how="diagonal")
    return Classified(_accepted(kept, rules), rejected_rows(refused, rules).sort("row_ref"))


def _prepare(rows: pl.DataFrame, users: Users) -> pl.DataFrame:
    rows = rows.with_columns(
        pl.format("{}#{}", "file", "row").alias("row_ref"),
        pl.col("text").str.replace_all("\0", "", literal=True),
        *(_filled(pl.col(name).str.replace_all("\0", "", literal=True)) for name in ("item_id", "category", "lang")),
    )
    blank = pl.col("user_id").str.replace_all("\0", "", literal=True).str.strip_chars() == ""
    ids = rows.select(pl.when(~blank).then("user_id")).to_series()
    return rows.with_columns(users.keys(ids).alias("user_key"))


def _filled(value: pl.Expr) -> pl.Expr:
    return pl.when(value.str.strip_chars() != "").then(value)


def _judge(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    has_vectors = rules.vector_length is not None
    ts, wrong = pl.col("ts"), pl.col("wrong").is_not_null()
    empty_text = _filled(pl.col("text")).is_null()
    judged = rows.with_columns(
        unit_vectors(rows["vector"], rules.vector_length or 0).alias("unit"),
        pl.when(empty_text).then(None).otherwise("text").alias("text") if has_vectors else pl.col("text"),
    )
    tests = {
        Reason.MALFORMED: pl.col("state") == "malformed",
        Reason.NOT_UTF8: pl.col("state") == "not_utf8",
        Reason.NO_TIME: ts.is_null() & _filled(pl.col("ts_text")).is_null(),
        Reason.UNREADABLE_TIME: ts.is_null(),
        Reason.BEFORE_START: ts < rules.start,
        Reason.FUTURE: ts > rules.now,
        Reason.WRONG_TYPE: wrong | (pl.col("vector").is_not_null() & pl.col("unit").is_null() & has_vectors),
        Reason.NO_USER: pl.col("user_key").is_null(),
        Reason.NO_VECTOR: pl.col("vector").is_null() & has_vectors,
        Reason.EMPTY_TEXT: empty_text & (not has_vectors),
    }
    found = pl.coalesce(pl.when(test).then(pl.lit(str(reason))) for reason, test in tests.items())
    return judged.with_columns(found.alias("reason"))


def _with_text_id(good: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    good = good.with_columns(pl.lit(rules.source).alias("source"))
    ids = text_ids(good.select("source", "user_key", "item_id", "ts", "text", vector="unit"))
    order = ["text_id", "category", "lang", "rating", "file", "row"]
    return good.with_columns(ids).sort(order, nulls_last=True)


def _accepted(kept: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    return kept.with_columns(
        (pl.col("text").str.len_chars() > rules.max_chars).fill_null(False).alias("truncated"),
        pl.col("text").str.slice(0, rules.max_chars),
        pl.col("unit").alias("vector"),
        pl.lit(rules.now, pl.Datetime("us")).alias("ingested_at"),
    ).select(pl.col(column.name).cast(column.type.polars) for column in RAW_TEXTS.body)
