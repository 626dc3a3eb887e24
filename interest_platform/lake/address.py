"""Where a lake is: its catalog, its Parquet files, and the password, kept apart from everything that may be shown."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from interest_platform.errors import LakeError
from interest_platform.settings import CATALOG_VARIABLE, Settings

_BUSY_TIMEOUT_MS = 60_000
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?:\s+|$)")


@dataclass(frozen=True)
class Address:
    """A lake's place. `catalog` and `data_path` hold no secret: errors and `duckdb_databases()` may show them."""

    folder: Path
    catalog: str
    data_path: str
    extensions: Path
    password: SecretStr | None = None

    @property
    def embedded(self) -> bool:
        """Whether the catalog is SQLite in the home, whose writers take turns."""
        return self.catalog.startswith("sqlite:")

    @property
    def catalog_file(self) -> Path | None:
        """The SQLite file of an embedded catalog."""
        return Path(self.catalog.removeprefix("sqlite:")) if self.embedded else None

    @property
    def needed(self) -> tuple[str, ...]:
        """The extensions that attaching takes."""
        store = ("httpfs",) if self.data_path.startswith("s3://") else ()
        return ("sqlite_scanner" if self.embedded else "postgres_scanner", *store, "ducklake")

    def attach(self, *, read_only: bool, version: int | None = None) -> str:
        """The ATTACH statement, the lake named `lake`."""
        # the paths are given each time, since those in the catalog are of where the home stood when it was made
        options = [f"DATA_PATH {literal(self.data_path)}", "OVERRIDE_DATA_PATH true"]
        if self.embedded:
            options += ["META_JOURNAL_MODE 'WAL'", f"META_BUSY_TIMEOUT {_BUSY_TIMEOUT_MS}"]
        options += ["READ_ONLY"] * read_only
        options += [f"SNAPSHOT_VERSION {version}"] * (version is not None)
        return f"ATTACH {literal('ducklake:' + self.catalog)} AS lake ({', '.join(options)})"

    def secret(self) -> str | None:
        """The statement that hands DuckDB the password outside the connection string, which its errors repeat."""
        if self.password is None:
            return None
        return f"CREATE SECRET (TYPE postgres, PASSWORD {literal(self.password.get_secret_value())})"


def address(settings: Settings) -> Address:
    """The lake of these settings. Raises `LakeError` for a catalog setting that is no connection string."""
    catalog, password = f"sqlite:{settings.lake_folder / 'catalog.sqlite'}", None
    if settings.catalog is not None:
        parts = _connection(settings.catalog.get_secret_value().removeprefix("postgres:"))
        password = SecretStr(parts.pop("password")) if "password" in parts else None
        catalog = "postgres:" + " ".join(f"{name}={_quoted(value)}" for name, value in parts.items())
    return Address(
        folder=settings.lake_folder,
        catalog=catalog,
        data_path=_data_path(settings),
        extensions=settings.home / "ext",
        password=password,
    )


def literal(value: str) -> str:
    """A SQL string; for statements that take no parameters."""
    return "'" + value.replace("'", "''") + "'"


def _data_path(settings: Settings) -> str:
    given = settings.config.lake.data_path
    if given is None:
        return str(settings.lake_folder / "data")
    return given if given.startswith("s3://") else settings.resolve(given)


def _connection(text: str) -> dict[str, str]:
    """The parts of a libpq connection string, `key=value ...` or `postgresql://...`; the error never repeats it."""
    if text.startswith(("postgresql://", "postgres://", "//")):
        return _from_uri(text)
    parts, at = {}, 0
    while at < len(text.rstrip()):
        found = _PAIR.match(text, at)
        if found is None:
            raise LakeError(
                f"{CATALOG_VARIABLE}: not a libpq connection string such as "
                "postgres:host=db.example dbname=lake user=lake password=..."
            )
        value = found[2] if found[2] is not None else found[3]
        parts[found[1]] = re.sub(r"\\(.)", r"\1", value)
        at = found.end()
    return parts


def _from_uri(text: str) -> dict[str, str]:
    try:
        uri = urlsplit(text)
        parts = {
            "host": unquote(uri.hostname or ""),
            "port": str(uri.port or ""),
            "user": unquote(uri.username or ""),
            "password": unquote(uri.password or ""),
            "dbname": unquote(uri.path.lstrip("/")),
        }
    except ValueError:
        raise LakeError(f"{CATALOG_VARIABLE}: not a postgresql:// address") from None
    return {name: value for name, value in {**parts, **dict(parse_qsl(uri.query))}.items() if value}


def _quoted(value: str) -> str:
    return "'" + re.sub(r"(['\\])", r"\\\1", value) + "'"
