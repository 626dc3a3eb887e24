"""Rejected rows as the lake keeps them: where they stand, what was wrong, and the row as JSON without the user's id."""

import json
from typing import Any

import polars as pl

from interest_platform.domain.tables import REJECTED_TEXTS
from interest_platform.sources.reasons import Reason
from interest_platform.sources.rows import Rules

FIELDS = ("user_id", "ts", "text", "item_id", "rating", "category", "lang", "vector")
EXPECTED = {
    "user_id": "text or a whole number",
    "item_id": "text or a whole number",
    "category": "text or a whole number",
    "text": "text",
    "lang": "text",
    "rating": "a finite number",
    "vector": "a list of numbers",
}


def rejected_rows(refused: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The body columns of `rejected_texts` for judged rows that have a `reason`.

    `raw` is a JSON object of the mapped columns under the source's names, the user's id replaced by the pseudonym,
    long texts cut. Of a malformed line only its length is told: where the user's id stands in it can't be known, and
    it must not get into the lake.
    """
    if "kept_ref" not in refused.columns:
        refused = refused.with_columns(pl.lit(None, pl.String).alias("kept_ref"))
    odd = pl.col("wrong").is_not_null() | (pl.col("state") == "malformed").fill_null(False)
    plain, special = refused.filter(~odd), refused.filter(odd)
    told = pl.concat(
        [
            plain.with_columns(_detail(rules), _raw(rules).struct.json_encode().alias("raw")),
            _with_special(special, rules),
        ],
        how="diagonal",
    )
    told = told.with_columns(pl.lit(rules.source).alias("source"))
    return told.select(pl.col(column.name).cast(column.type.polars) for column in REJECTED_TEXTS.body)


def _raw(rules: Rules) -> pl.Expr:
    values = {
        "user_id": pl.col("user_key"),
        "ts": pl.col("ts_text"),
        "text": pl.col("text").str.slice(0, rules.max_chars),
    }
    return pl.struct(
        values.get(field, pl.col(field)).alias(rules.columns[field]) for field in FIELDS if field in rules.columns
    )


def _detail(rules: Rules) -> pl.Expr:
    column = rules.columns
    ts_text = pl.col("ts_text").str.slice(0, 100)
    details = {
        Reason.NOT_UTF8: pl.lit("the row holds bytes that are not UTF-8"),
        Reason.NO_TIME: pl.lit(f"column {column['ts']} is empty"),
        Reason.UNREADABLE_TIME: pl.format("{} is no ISO 8601 time and no Unix time in s, ms or us", ts_text),
        Reason.BEFORE_START: pl.format(
            "{} is before windows.start {}", pl.col("ts").dt.to_string("iso"), pl.lit(f"{rules.start:%Y-%m-%d}")
        ),
        Reason.FUTURE: pl.format("{} is later than the time of the run", pl.col("ts").dt.to_string("iso")),
        Reason.WRONG_TYPE: _vector_detail(rules),
        Reason.NO_USER: pl.lit(f"column {column['user_id']} is empty"),
        Reason.NO_VECTOR: pl.lit(f"column {column.get('vector')} is empty"),
        Reason.EMPTY_TEXT: pl.lit(f"column {column.get('text')} is empty"),
        Reason.DUPLICATE: pl.format("the same as {}", pl.col("kept_ref")),
    }
    reason = pl.col("reason")
    return pl.coalesce(pl.when(reason == str(r)).then(detail) for r, detail in details.items()).alias("detail")


def _vector_detail(rules: Rules) -> pl.Expr:
    return pl.format(
        "column {} has {} numbers, expected {} finite ones that are not all zero",
        pl.lit(rules.columns.get("vector", "")),
        pl.col("vector").list.len(),
        pl.lit(str(rules.vector_length)),
    )


def _with_special(special: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    # row by row in Python: these are the few whose columns don't fit one type
    if special.is_empty():
        return special.with_columns(pl.lit(None, pl.String).alias(name) for name in ("detail", "raw"))
    plain = special.with_columns(_detail(rules), _raw(rules).alias("values"))
    told = [_special(row, rules) for row in plain.iter_rows(named=True)]
    return special.with_columns(
        pl.Series("detail", [detail for detail, _ in told], pl.String),
        pl.Series("raw", [raw for _, raw in told], pl.String),
    )


def _special(row: dict[str, Any], rules: Rules) -> tuple[str, str]:
    if row["state"] == "malformed":
        return row["error"], _json({"bytes": row["bytes"]})
    wrong = json.loads(row["wrong"])
    values = row["values"] | {rules.columns[w["field"]]: _wrong_value(w, row, rules) for w in wrong}
    detail = row["detail"] if row["reason"] != Reason.WRONG_TYPE else _wrong_detail(wrong, rules)
    return detail, _json(values)


def _wrong_detail(wrong: list[dict[str, Any]], rules: Rules) -> str:
    told = "; ".join(
        f"column {rules.columns[w['field']]} is {w['kind']}, expected {EXPECTED[w['field']]}" for w in wrong
    )
    unneeded = [w["field"] for w in wrong if w["field"] in ("item_id", "rating", "category", "lang")]
    return told + (f" (`{unneeded[0]}: null` in columns leaves it out)" if unneeded else "")


def _wrong_value(wrong: dict[str, Any], row: dict[str, Any], rules: Rules) -> object:
    """The value as it came, unless the user's id might be somewhere within it."""
    text, user = wrong["value"], row["user_id"]
    if text is None or user is None:
        return f"({wrong['kind']})"
    for known in {user, json.dumps(user)[1:-1], json.dumps(user, ensure_ascii=False)[1:-1]} - {""}:
        if known in text:
            return text.replace(known, row["user_key"] or "")[: rules.max_chars]
    return json.loads(text) if len(text) <= rules.max_chars else text[: rules.max_chars]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
