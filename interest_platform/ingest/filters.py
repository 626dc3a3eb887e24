"""Which items are not to be shown, to whom and when, as the tables of `recommendation.filters` say."""

import polars as pl
from pydantic import SecretStr

from interest_platform.configuration import TableSettings
from interest_platform.ingest.brought import TIME, Brought, brought, is_no_time, refuse
from interest_platform.ingest.fields import ID
from interest_platform.settings import Settings

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


def read_filters(settings: Settings, key: SecretStr) -> pl.DataFrame:
    """Rows of `SCHEMA` of all tables: `filter` is the table's address, user_key null where it hides from everybody.

    A row holds in [from, until), UTC, null being no bound. A row that can't be meant as it stands fails, since what it
    should hide would be shown. Raises `SourceError`, one line, for such a row and for a table that can't be read.
    """
    given = settings.config.recommendation.filters
    if not given:
        return pl.DataFrame(schema=SCHEMA)
    with brought(settings, key) as tables:
        return pl.concat([_rows(tables, each) for each in given])


def _rows(tables: Brought, given: TableSettings) -> pl.DataFrame:
    name = f"filter {given.uri}"
    kinds = dict.fromkeys(TEXTS, ID) | dict.fromkeys(TIMES, TIME)
    found = tables.rows(given, name, kinds, required=["item_id"]).with_columns(pl.col("source").str.strip_chars())
    _check(found, name, list(tables.users))
    return tables.user_keys(found).with_columns(filter=pl.lit(given.uri)).select(SCHEMA.names()).cast(SCHEMA)


def _check(found: pl.DataFrame, name: str, sources: list[str]) -> None:
    """Raise `SourceError` for the first kind of rows that can't be meant as they stand."""
    user, source = pl.col("user_id").is_not_null(), pl.col("source").is_not_null()
    until = pl.col("until") <= pl.col("from")
    tests = {
        "have no item_id; one that hides everything is not allowed": pl.col("item_id").is_null(),
        "have a user_id without a source, or a source without a user_id; give both or neither": user != source,
        f"name an unknown source; there are {', '.join(sources)}": source & ~pl.col("source").is_in(sources),
        "have a `from` or `until` that is no time (ISO 8601, or a Unix time)": pl.any_horizontal(
            map(is_no_time, TIMES)
        ),
        "end (`until`) no later than they begin (`from`)": until,
    }
    refuse(found, name, tests)
