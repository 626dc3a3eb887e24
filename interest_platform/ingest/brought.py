"""Tables that a user brings beside the sources: ids, numbers and times as one frame, and rows that can't be meant."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
from pydantic import SecretStr

from interest_platform.configuration import TableSettings
from interest_platform.errors import SourceError
from interest_platform.ingest import sql, times
from interest_platform.ingest.fields import ID, NUMBER, field
from interest_platform.ingest.opening import open_table
from interest_platform.ingest.reader import connect, persons_of, users_of
from interest_platform.ingest.relations import Relation, Wanted
from interest_platform.ingest.staging import make_folder
from interest_platform.settings import Settings
from interest_platform.sources import Users

TIME = "time"
_POLARS = {ID: pl.String(), NUMBER: pl.Float64(), TIME: pl.Datetime("us")}


@dataclass(frozen=True)
class Brought:
    """Opens tables that a user brings, and knows the users of every source."""

    settings: Settings
    users: Mapping[str, Users]
    con: duckdb.DuckDBPyConnection
    folder: Path

    def rows(
        self, given: TableSettings, name: str, kinds: Mapping[str, str], required: Collection[str]
    ) -> pl.DataFrame:
        """Every row: `row` (from 1), broken, wrong (a value has not its column's type), and the columns of `kinds`.

        A kind is ID (text or a whole number; blank is null), NUMBER or TIME (UTC; beside it `told_<name>`, as it came).
        A column that is not `required` and not there is null. Raises `SourceError`, which calls the table by `name`.
        """
        wanted = Wanted({k: k for k in kinds if k in required}, {k: k for k in kinds if k not in required})
        try:
            relation = open_table(self.con, given, name, wanted, self.settings, self.folder)
            return _rows(self.con, relation, kinds)
        except SourceError as error:  # readers say of what they read that it is a source
            raise SourceError(str(error).removeprefix("source ")) from error

    def user_keys(self, found: pl.DataFrame) -> pl.DataFrame:
        """The rows with `user_key` made of `user_id` and `source`, null where there is none; in another order."""
        parts = [found.filter(pl.col("user_id").is_null()).with_columns(user_key=pl.lit(None, pl.String))]
        of_users = found.filter(pl.col("user_id").is_not_null()).partition_by("source")
        parts += [part.with_columns(user_key=self.users[part["source"][0]].keys(part["user_id"])) for part in of_users]
        return pl.concat(parts)


@contextmanager
def brought(settings: Settings, key: SecretStr) -> Iterator[Brought]:
    """A connection for tables that a user brings; `key` is that of the pseudonyms."""
    folder = make_folder(settings.home)
    try:
        with connect(folder) as con:
            users = users_of(settings, key, persons_of(con, settings, folder))
            yield Brought(settings, users, con, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse(found: pl.DataFrame, name: str, tests: Mapping[str, pl.Expr]) -> None:
    """Raise `SourceError` for the first test (what rows do, which rows) that any row meets; broken ones come first."""
    broken = {
        "are broken": pl.col("broken"),
        "hold a value of the wrong type (ids are text or whole numbers, values are numbers)": pl.col("wrong"),
    }
    for told, test in (broken | dict(tests)).items():
        bad = found.filter(test.fill_null(False))
        if bad.height:
            raise SourceError(f"{name}: {bad.height} rows {told}; the first is row {min(bad['row'].to_list())}")


def _rows(con: duckdb.DuckDBPyConnection, relation: Relation, kinds: Mapping[str, str]) -> pl.DataFrame:
    made = {
        name: field(kind, f"raw_{name}", relation.types[name])
        for name, kind in kinds.items()
        if kind != TIME and name in relation.types
    }
    wrong = [test for each in made.values() for test in (each.wrong, each.not_utf8) if test]
    values = ["row", "state IS NOT NULL AS broken", f"coalesce({' OR '.join(wrong) or 'false'}, false) AS wrong"]
    schema = pl.Schema({"row": pl.Int64(), "broken": pl.Boolean(), "wrong": pl.Boolean()})
    for name, kind in kinds.items():
        schema[name] = _POLARS[kind]
        if kind == TIME:
            values += _time(name, relation.types.get(name))
            schema[f"told_{name}"] = pl.String()
        else:
            values.append(f"{made[name].value if name in made else 'NULL'} AS {sql.name(name)}")
    parts = [pl.DataFrame(schema=schema)]
    for _ in relation.parts(con):
        with sql.telling(relation.source):
            parts.append(con.execute(f"SELECT {', '.join(values)} FROM ({relation.select})").pl().cast(schema))
    # blanks are no value, and ids are as the sources' own rows have them
    texts = [
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.replace_all("\0", "", literal=True))
        for name, kind in schema.items()
        if kind == pl.String
    ]
    return pl.concat(parts).with_columns(texts)


def _time(name: str, kind: str | None) -> list[str]:
    column = f"raw_{name}"
    return [
        f"{times.utc(column, kind, 'UTC') if kind else 'NULL::TIMESTAMP'} AS {sql.name(name)}",
        f"{times.told(column, kind) if kind else 'NULL::VARCHAR'} AS {sql.name('told_' + name)}",
    ]


def is_no_time(name: str) -> pl.Expr:
    """Where a TIME has a value that can't be read as one."""
    return pl.col(f"told_{name}").is_not_null() & pl.col(name).is_null()
