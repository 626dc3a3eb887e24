"""Times of every kind to UTC, in SQL, so that a scan reads only the rows of the windows asked for.

- TIMESTAMP (any precision) and DATE (midnight) are local times of the source's time zone.
- TIMESTAMP WITH TIME ZONE is what it says.
- Text is ISO 8601: `2024-03-01`, `2024-03-01T12:30`, with seconds, a fraction (`.` or `,`) and an offset (`Z`, `+02`,
  `+0200`, `+02:00`), a blank instead of `T`; without offset a local time. Text of a number is a number.
- Numbers are Unix times: below 1e11 in absolute value seconds (until the year 5138), below 1e14 milliseconds, below
  1e17 microseconds.
- A local time that the clocks skip is read with the offset before the change (02:30 becomes 03:30), one that they
  show twice is the second, in standard time.

All else, and times outside the years 1 to 9999, is unreadable: null.
"""

from datetime import datetime, timedelta

from interest_platform.ingest import sql

_ISO = (
    r"^\s*(\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ]\s*(\d{2}:\d{2})(:\d{2}(?:[.,]\d+)?)?\s*([Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?\s*$"
)
_NUMBER = r"^\s*[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\s*$"

MACROS = (
    # DuckDB's own cast from text to TIMESTAMP drops the offset, so the parts are read one by one
    f"CREATE MACRO iso_parts(t) AS regexp_extract(t, {sql.text(_ISO)}, ['day', 'clock', 'second', 'zone'])",
    """CREATE MACRO iso_local(p) AS TRY_CAST(p.day || ' ' || CASE WHEN p.clock = '' THEN '00:00' ELSE p.clock END
       || CASE WHEN p.second = '' THEN ':00' ELSE replace(p.second, ',', '.') END AS TIMESTAMP)""",
    """CREATE MACRO iso_offset(z) AS CASE WHEN upper(z) = 'Z' THEN 0 ELSE
       (CASE WHEN z[1] = '-' THEN -1 ELSE 1 END)
       * (TRY_CAST(z[2:3] AS INTEGER) * 60
       + coalesce(TRY_CAST(nullif(replace(z[4:], ':', ''), '') AS INTEGER), 0)) END""",
    """CREATE MACRO in_range(t) AS
       CASE WHEN t BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' THEN t END""",
    """CREATE MACRO at_zone(t, zone) AS CASE WHEN zone IN ('UTC', 'Etc/UTC') THEN in_range(t)
       ELSE in_range(make_timestamp(epoch_us(timezone(zone, in_range(t))))) END""",
    """CREATE MACRO from_parts(p, zone) AS CASE WHEN p.zone = '' THEN at_zone(iso_local(p), zone)
       ELSE in_range(iso_local(p) - to_minutes(iso_offset(p.zone))) END""",
    # a list of one and a lambda: SQL's way to evaluate the regular expression once and use its parts several times
    "CREATE MACRO from_iso(t, zone) AS list_transform([iso_parts(t)], lambda p: from_parts(p, zone))[1]",
    """CREATE MACRO from_unix(x) AS in_range(make_timestamp(TRY_CAST(CASE
       WHEN abs(x) < 1e11 THEN x * 1000000 WHEN abs(x) < 1e14 THEN x * 1000 WHEN abs(x) < 1e17 THEN x END
       AS BIGINT)))""",
    f"""CREATE MACRO from_text(t, zone) AS CASE WHEN regexp_matches(t, {sql.text(_NUMBER)})
       THEN CASE WHEN regexp_matches(t, '[.eE]') THEN from_unix(TRY_CAST(trim(t) AS DOUBLE))
       ELSE from_unix(TRY_CAST(trim(t) AS HUGEINT)) END
       ELSE from_iso(t, zone) END""",
)
"""What a connection must know before `utc` is used on it."""

INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_UNITS = ((10**11, 1), (10**14, 1000), (10**17, 10**6))
_LOCAL = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_ZONED = "TIMESTAMP WITH TIME ZONE"


def utc(column: str, type_name: str, zone: str) -> str:
    """SQL of the column's time as TIMESTAMP in UTC, null where it can't be read."""
    quoted_zone = sql.text(zone)
    if type_name == "JSON":
        numeric_or_text = f"json_type({column}) IN ('VARCHAR', 'UBIGINT', 'BIGINT', 'DOUBLE')"
        return f"CASE WHEN {numeric_or_text} THEN from_text({column} ->> '$', {quoted_zone}) END"
    if type_name == "VARCHAR":
        return f"from_text({column}, {quoted_zone})"
    if type_name in _LOCAL | {"DATE"}:
        return f"at_zone(TRY_CAST({column} AS TIMESTAMP), {quoted_zone})"
    if type_name == _ZONED:
        return f"CASE WHEN isfinite({column}) THEN in_range(make_timestamp(epoch_us({column}))) END"
    if type_name in INTEGERS or type_name == "HUGEINT":
        return f"from_unix(CAST({column} AS HUGEINT))"
    if type_name in ("DOUBLE", "FLOAT") or type_name.startswith("DECIMAL"):
        return f"from_unix(CAST({column} AS DOUBLE))"
    return "CAST(NULL AS TIMESTAMP)"


def told(column: str, type_name: str) -> str:
    """SQL of the time as it came, as text; of nested values only that they are nested: a user's id may be inside."""
    if type_name == "JSON":
        nested = f"json_type({column}) IN ('OBJECT', 'ARRAY')"
        return f"CASE WHEN {nested} THEN '(' || lower(json_type({column})) || ')' ELSE left({column} ->> '$', 200) END"
    if type_name.endswith("]") or type_name.startswith(("STRUCT", "MAP", "UNION")) or type_name == "BLOB":
        return f"CASE WHEN {column} IS NOT NULL THEN '(' || lower({sql.text(type_name.split('(')[0])}) || ')' END"
    return f"left(CAST({column} AS VARCHAR), 200)"


def unix_unit(smallest: int, largest: int) -> int | None:
    """Units a second (1, 1000, 1000000) of a column of Unix times between these; None where it mixes several."""
    units = {next((u for limit, u in _UNITS if abs(x) < limit), None) for x in (smallest, largest)}
    return units.pop() if len(units) == 1 else None


def coarse(
    column: str, type_name: str, zone: str, start: datetime, end: datetime, unit: int | None = None
) -> str | None:
    """A condition on the column itself that every time in `[start, end)` meets, by which a scan skips row groups.

    `unit` is the `unix_unit` of a column of whole numbers. None where the column has no such condition.
    """
    # local times are at most 14 hours from UTC
    margin = timedelta(0) if zone == "UTC" or type_name == _ZONED else timedelta(days=1)
    low, high = start - min(margin, start - datetime.min), end + min(margin, datetime.max - end)
    if type_name in _LOCAL | {_ZONED}:
        kind = {_ZONED: "TIMESTAMPTZ", "TIMESTAMP_NS": "TIMESTAMP_NS"}.get(type_name, "TIMESTAMP")
        if kind == "TIMESTAMP_NS" and not datetime(1678, 1, 1) < low < high < datetime(2262, 1, 1):
            return None
        return f"{column} >= {sql.moment(low, kind)} AND {column} < {sql.moment(high, kind)}"
    if type_name == "DATE":
        return f"{column} BETWEEN DATE '{low:%Y-%m-%d}' AND DATE '{high:%Y-%m-%d}'"
    if type_name in INTEGERS and unit:
        return f"{column} BETWEEN {_unix(start) * unit // 10**6} AND {_unix(end) * unit // 10**6}"
    return None


def _unix(time: datetime) -> int:
    return (time - datetime(1970, 1, 1)) // timedelta(microseconds=1)
