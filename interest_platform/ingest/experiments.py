"""The exposures and the outcomes of an experiment, as a user brings them."""

from collections.abc import Mapping

import polars as pl
from pydantic import SecretStr

from interest_platform.configuration import TableSettings
from interest_platform.ingest.brought import TIME, Brought, brought, is_no_time, refuse
from interest_platform.ingest.fields import ID, NUMBER
from interest_platform.settings import Settings

USER = {"user_key": ID, "user_id": ID, "source": ID}
EXPOSURES = {"experiment": ID, "variant": ID, "ts": TIME, "segment_id": ID}
OUTCOMES = {"metric": ID, "value": NUMBER, "ts": TIME}
OPTIONAL = {"segment_id"}


def read_experiment(
    settings: Settings, key: SecretStr, exposures: TableSettings, outcomes: TableSettings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames of `experiment.tables`: exposures (experiment, user_key, variant, ts, segment_id), outcomes (user_key,
    metric, value, ts), ts naive UTC.

    A row names its user by `user_key`, or by `user_id` with the `source` it is of (may be left out where there is one).
    Raises `SourceError`, one line, for a table or a row that can't be read: an experiment is not judged by half of it.
    """
    with brought(settings, key) as tables:
        return _read(tables, exposures, "exposures", EXPOSURES), _read(tables, outcomes, "outcomes", OUTCOMES)


def _read(tables: Brought, given: TableSettings, kind: str, columns: Mapping[str, str]) -> pl.DataFrame:
    name, sources = f"{kind} {given.uri}", list(tables.users)
    required = set(columns) - OPTIONAL
    found = tables.rows(given, name, {**columns, **USER}, required)
    by_id, by_key = pl.col("user_id").is_not_null(), pl.col("user_key").is_not_null()
    if len(sources) == 1:
        found = found.with_columns(source=pl.when(by_id).then(pl.col("source").fill_null(sources[0])))
    refuse(
        found,
        name,
        {
            "have a `ts` that is no time (ISO 8601, or a Unix time)": is_no_time("ts"),
            **{f"have no {column}": pl.col(column).is_null() for column in sorted(required)},
            "name no user, or name one twice: give user_key, or user_id": by_id == by_key,
            f"have a user_id without its source; there are {', '.join(sources)}": by_id & pl.col("source").is_null(),
            f"name an unknown source; there are {', '.join(sources)}": by_id & ~pl.col("source").is_in(sources),
            "have a user_key that is not 64 hex digits": ~pl.col("user_key").str.contains("^[0-9a-f]{64}$"),
        },
    )
    keyed = tables.user_keys(found.rename({"user_key": "given"})).with_columns(pl.coalesce("user_key", "given"))
    return keyed.sort("row").select("user_key", *columns)
