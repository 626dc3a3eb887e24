"""Each of our columns from a source's column of any type, in SQL: its value, or the news that its type is wrong."""

from dataclasses import dataclass

from interest_platform.ingest import sql

TEXT, ID, NUMBER, VECTOR = "text", "id", "number", "vector"
KINDS = {
    "user_id": ID,
    "item_id": ID,
    "text": TEXT,
    "rating": NUMBER,
    "category": ID,
    "lang": TEXT,
    "vector": VECTOR,
}
"""What each column may hold; a category may be a number, as many are."""

SQL_TYPES = {TEXT: "VARCHAR", ID: "VARCHAR", NUMBER: "DOUBLE", VECTOR: "DOUBLE[]"}
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"} | {
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}


@dataclass(frozen=True)
class Field:
    """SQL of a column: its value, when its type is wrong (None: never), when its bytes are not UTF-8 (None: never)."""

    value: str
    wrong: str | None = None
    not_utf8: str | None = None


def field(kind: str, column: str, type_name: str) -> Field:
    """How a column of the source, of a DuckDB type, becomes one of ours."""
    if type_name == "JSON":
        return _FROM_JSON[kind](column)
    if type_name == '"NULL"':
        return Field(f"CAST(NULL AS {SQL_TYPES[kind]})")
    builder = {TEXT: _text, ID: _id, NUMBER: _number, VECTOR: _vector}[kind]
    found = builder(column, type_name)
    return found or Field(f"CAST(NULL AS {SQL_TYPES[kind]})", wrong=f"{column} IS NOT NULL")


def _is_real(type_name: str) -> bool:
    return type_name in ("FLOAT", "DOUBLE") or type_name.startswith("DECIMAL")


def _text(column: str, type_name: str) -> Field | None:
    if type_name == "VARCHAR":
        return Field(column)
    if type_name.startswith("ENUM"):
        return Field(f"CAST({column} AS VARCHAR)")
    if type_name == "BLOB":
        # old writers leave out that their bytes are text
        decoded = f"TRY(decode({column}))"
        return Field(
            f"coalesce({decoded}, CAST({column} AS VARCHAR))",
            not_utf8=f"({column} IS NOT NULL AND {decoded} IS NULL)",
        )
    return None


def _id(column: str, type_name: str) -> Field | None:
    if type_name in _WHOLE | {"UUID"}:
        return Field(f"CAST({column} AS VARCHAR)")
    if _is_real(type_name):
        # whole numbers with a missing one among them often come as DOUBLE; NaN is that missing one
        number = f"CAST({column} AS DOUBLE)"
        value = f"CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR)"
        whole = f"(isfinite({number}) AND {number} = floor({number}))"
        return Field(
            f"CASE WHEN {whole} THEN {value} END",
            wrong=f"({column} IS NOT NULL AND NOT isnan({number}) AND NOT {whole})",
        )
    return _text(column, type_name)


def _number(column: str, type_name: str) -> Field | None:
    if type_name == "VARCHAR":
        return _finite(f"TRY_CAST(nullif(trim({column}), '') AS DOUBLE)", f"nullif(trim({column}), '') IS NOT NULL")
    if type_name in _WHOLE or _is_real(type_name):
        return _finite(f"CAST({column} AS DOUBLE)", f"{column} IS NOT NULL")
    return None


def _finite(number: str, present: str) -> Field:
    # NaN is how many programs write a missing number
    return Field(
        f"CASE WHEN isfinite({number}) THEN {number} END", wrong=f"({present} AND coalesce(isinf({number}), true))"
    )


def _vector(column: str, type_name: str) -> Field | None:
    if type_name == "VARCHAR":
        return _json_vector(f"TRY_CAST(nullif(trim({column}), '') AS JSON)", f"nullif(trim({column}), '') IS NOT NULL")
    if type_name.endswith("]"):
        inner = type_name[: type_name.rindex("[")]
        if inner in _WHOLE or _is_real(inner):
            return Field(f"CAST({column} AS DOUBLE[])")
    return None


def _json_vector(value: str, present: str) -> Field:
    return Field(
        f"CASE WHEN json_type({value}) = 'ARRAY' THEN TRY_CAST({value} AS DOUBLE[]) END",
        wrong=f"({present} AND coalesce(json_type({value}) NOT IN ('ARRAY', 'NULL'), true))",
    )


def _present(column: str) -> str:
    return f"coalesce(json_type({column}) <> 'NULL', false)"


def _json_text(column: str) -> Field:
    is_text = f"json_type({column}) = 'VARCHAR'"
    return Field(f"CASE WHEN {is_text} THEN {column} ->> '$' END", wrong=f"({_present(column)} AND NOT {is_text})")


def _json_id(column: str) -> Field:
    as_text = f"({column} ->> '$')"
    fine = (
        f"(json_type({column}) IN ('VARCHAR', 'UBIGINT', 'BIGINT') OR "
        f"(json_type({column}) = 'DOUBLE' AND regexp_matches({as_text}, '^-?\\d+(\\.0+)?$')))"
    )
    value = f"CASE WHEN json_type({column}) = 'DOUBLE' THEN regexp_replace({as_text}, '\\.0+$', '') ELSE {as_text} END"
    return Field(f"CASE WHEN {fine} THEN {value} END", wrong=f"({_present(column)} AND NOT {fine})")


def _json_number(column: str) -> Field:
    scalar = f"(CASE WHEN json_type({column}) IN ('VARCHAR', 'UBIGINT', 'BIGINT', 'DOUBLE') THEN {column} ->> '$' END)"
    found = _number(scalar, "VARCHAR")
    assert found is not None
    return Field(
        found.value, wrong=f"({found.wrong} OR coalesce(json_type({column}) IN ('BOOLEAN', 'ARRAY', 'OBJECT'), false))"
    )


def _json_list(column: str) -> Field:
    return _json_vector(column, _present(column))


_FROM_JSON = {TEXT: _json_text, ID: _json_id, NUMBER: _json_number, VECTOR: _json_list}


def wrong_entry(ours: str, column: str, type_name: str, wrong: str) -> str:
    """SQL of the entry that tells of a wrong type; never the user's own value."""
    kind = f"lower(json_type({column}))" if type_name == "JSON" else sql.text(type_name.split("(")[0].lower())
    as_json = f"CAST({column} AS VARCHAR)" if type_name == "JSON" else f"CAST(to_json({column}) AS VARCHAR)"
    value = "NULL" if ours == "user_id" else as_json
    return f"CASE WHEN {wrong} THEN json_object('field', {sql.text(ours)}, 'kind', {kind}, 'value', {value}) END"
