"""Names and texts in SQL, and DuckDB's errors as one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import duckdb

from interest_platform.errors import SourceError


def name(identifier: str) -> str:
    """A quoted identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A quoted text."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: list[str]) -> str:
    """A list of quoted texts."""
    return "[" + ", ".join(text(v) for v in values) + "]"


def moment(value: datetime, type_name: str = "TIMESTAMP") -> str:
    """A UTC time as a literal of a TIMESTAMP type."""
    return f"{type_name} '{value.isoformat(' ')}{'+00' if type_name == 'TIMESTAMPTZ' else ''}'"


@contextmanager
def telling(source: str) -> Iterator[None]:
    """Turn DuckDB's and the system's errors into one line that names the source. Raises `SourceError`."""
    try:
        yield
    except (duckdb.InterruptException, RuntimeError) as error:
        # Ctrl-C within a query; duckdb's Python client says so with a plain RuntimeError
        if isinstance(error, RuntimeError) and "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None
    except (duckdb.Error, OSError, EOFError) as error:
        raise SourceError(f"source {source}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """The first paragraph of an error, without the hints DuckDB adds, on one line."""
    first = str(error).strip().split("\n\n")[0]
    return " ".join(first.split())[:500] or type(error).__name__
