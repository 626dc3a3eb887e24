"""Which items are not to be shown, to whom and when, as the tables of `recommendation.filters` say."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl
from pydantic import SecretStr

from interest_platform.configuration import FilterSettings
from interest_platform.errors import SourceError
from interest_platform.ingest import sql, times
from interest_platform.ingest.fields import ID, field
from interest_platform.ingest.opening import open_filter
from interest_platform.ingest.reader import connect, persons_of
from interest_platform.ingest.relations import Relation
from interest_platform.ingest.staging import make_folder
from interest_platform.settings import Settings
from interest_platform.sources import Users

SCHEMA = pl.Schema(
    {
        "filter": pl.String(),
        "user_key": pl.String(),
        "item_id": pl.String(),
        "from": pl.Datetime("us"),
        "until": pl.Datetime("us"),
        "reason": pl.String(),
    }
)
TIMES = ("from", "until")
TEXTS = ("user_id", "source", "item_id", "reason")
_READ = pl.Schema(
    {"row": pl.Int64(), "broken": pl.Boolean(), "wrong": pl.Boolean()}
    | {name: pl.String() for name in TEXTS}
    | {part: kind for name in TIMES for part, kind in ((name, pl.Datetime("us")), (f"told_{name}", pl.String()))}
)


def read_filters(settings: Settings, key: SecretStr) -> pl.DataFrame:
    """Rows of `SCHEMA` of all tables: `filter` is the table's address, user_key null where it hides from everybody.

    A row holds in [from, until), UTC, null being no bound. A row that can't be meant as it stands fails, since what it
    should hide would be shown. Raises `SourceError`, one line, for such a row and for a table that can't be read.
    """
    given = settings.config.recommendation.filters
    if not given:
        return pl.DataFrame(schema=SCHEMA)
    folder = make_folder(settings.home)
    try:
        with connect(folder) as con:
            known = persons_of(con, settings, folder)
            names = [source.name for source in settings.config.sources]
            users = {name: Users(name, key.get_secret_value().encode(), known.get(name)) for name in names}
            return pl.concat([_rows(con, each, settings, folder, users) for each in given])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rows(
    con: duckdb.DuckDBPyConnection,
    given: FilterSettings,
    settings: Settings,
    folder: Path,
    users: Mapping[str, Users],
) -> pl.DataFrame:
    name = f"filter {given.uri}"
    try:
        found = _read(con, open_filter(con, given, name, settings, folder))
    except SourceError as error:  # readers say of what they read that it is a source
        raise SourceError(str(error).removeprefix("source ")) from error
    _check(found, name, list(users))
    parts = [found.filter(pl.col("user_id").is_null()).with_columns(user_key=pl.lit(None, pl.String))]
    of_users = found.filter(pl.col("user_id").is_not_null()).partition_by("source")
    parts += [part.with_columns(user_key=users[part["source"][0]].keys(part["user_id"])) for part in of_users]
    return pl.concat(parts).with_columns(filter=pl.lit(given.uri)).select(SCHEMA.names()).cast(SCHEMA)


def _read(con: duckdb.DuckDBPyConnection, relation: Relation) -> pl.DataFrame:
    """row, broken, wrong (whether a value has not its column's type), `TEXTS` (blank: null), `TIMES` and as told."""
    made = {name: field(ID, f"raw_{name}", kind) for name, kind in relation.types.items() if name in TEXTS}
    wrong = [test for each in made.values() for test in (each.wrong, each.not_utf8) if test]
    values = ["row", "state IS NOT NULL AS broken", f"coalesce({' OR '.join(wrong) or 'false'}, false) AS wrong"]
    values += [f"{made[name].value if name in made else 'NULL'}::VARCHAR AS {name}" for name in TEXTS]
    for name in TIMES:
        kind, column = relation.types.get(name), f"raw_{name}"
        values.append(f"{times.utc(column, kind, 'UTC') if kind else 'NULL::TIMESTAMP'} AS {sql.name(name)}")
        values.append(f"{times.told(column, kind) if kind else 'NULL::VARCHAR'} AS told_{name}")
    parts = [pl.DataFrame(schema=_READ)]
    for _ in relation.parts(con):
        with sql.telling(relation.source):
            parts.append(con.execute(f"SELECT {', '.join(values)} FROM ({relation.select})").pl().cast(_READ))
    # as in the sources' own rows
    item = pl.col("item_id").str.replace_all("\0", "", literal=True)
    filled = [_filled(name) for name in (*TEXTS, *(f"told_{name}" for name in TIMES))]
    return pl.concat(parts).with_columns(item, pl.col("source").str.strip_chars()).with_columns(filled)


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name)


def _check(found: pl.DataFrame, name: str, sources: list[str]) -> None:
    """Raise `SourceError` for the first kind of rows that can't be meant as they stand."""
    user, source = pl.col("user_id").is_not_null(), pl.col("source").is_not_null()
    until = pl.col("until") <= pl.col("from")
    tests = {
        "are broken": pl.col("broken"),
        "hold a value of the wrong type (ids are text or whole numbers)": pl.col("wrong"),
        "have no item_id; one that hides everything is not allowed": pl.col("item_id").is_null(),
        "have a user_id without a source, or a source without a user_id; give both or neither": user != source,
        f"name an unknown source; there are {', '.join(sources)}": source & ~pl.col("source").is_in(sources),
        "have a `from` or `until` that is no time (ISO 8601, or a Unix time)": pl.any_horizontal(
            pl.col(f"told_{each}").is_not_null() & pl.col(each).is_null() for each in TIMES
        ),
        "end (`until`) no later than they begin (`from`)": until,
    }
    for told, test in tests.items():
        bad = found.filter(test.fill_null(False))
        if bad.height:
            raise SourceError(f"{name}: {bad.height} rows {told}; the first is row {bad['row'].sort()[0]}")
