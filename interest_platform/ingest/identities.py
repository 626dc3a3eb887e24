"""Which users of different sources are one person, as the identities table says."""

import duckdb
import polars as pl

from interest_platform.errors import SourceError
from interest_platform.ingest import sql
from interest_platform.ingest.fields import ID, field
from interest_platform.ingest.relations import Relation


def persons(con: duckdb.DuckDBPyConnection, relation: Relation) -> dict[str, pl.DataFrame]:
    """Source name to its known users: `user_id`, `person_id` (text), one row a user.

    Raises `SourceError` where a row lacks a value, or a user is said to be two persons: both are left to no chance.
    """
    made = {name: field(ID, f"raw_{name}", kind) for name, kind in relation.types.items()}
    values = ", ".join(f"{f.value} AS {name}" for name, f in made.items())
    parts = []
    for _ in relation.parts(con):
        with sql.telling(relation.source):
            parts.append(con.execute(f"SELECT file, row, {values} FROM ({relation.select})").pl())
    if not parts:
        return {}
    found = pl.concat(parts, how="vertical_relaxed").sort("file", "row")
    _check(found)
    distinct = found.select("source", "user_id", "person_id").unique()
    return {
        str(name): part.drop("source").sort("user_id")
        for (name,), part in distinct.partition_by("source", as_dict=True).items()
    }


def _check(found: pl.DataFrame) -> None:
    missing = found.filter(
        pl.any_horizontal(pl.col("source", "user_id", "person_id").str.strip_chars().fill_null("") == "")
    )
    if missing.height:
        raise SourceError(
            f"identities: {missing.height} rows lack a source, user or person, the first in row {missing['row'][0]}"
        )
    twice = found.group_by("source", "user_id").agg(pl.col("person_id").n_unique(), pl.col("row").min())
    twice = twice.filter(pl.col("person_id") > 1).sort("row")
    if twice.height:
        raise SourceError(
            f"identities: {twice.height} users are said to be several persons, the first from row {twice['row'][0]} "
            "on; one is allowed"
        )
