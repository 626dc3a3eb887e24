"""A lake made once and copied for each test: a copy is a moved home, which a lake has to stand anyway."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from interest_platform.configuration import Configuration
from interest_platform.domain.contract import Table, Type
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake, Stamp
from interest_platform.settings import Settings

_EPOCH = datetime(2024, 1, 1)


def _settings(home: Path, **more: object) -> Settings:
    config = Configuration.model_validate(
        {"sources": [{"name": "a", "uri": "a.parquet"}], "windows": {"grain": "day", "start": "2024-01-01"}}
    )
    return Settings(config=config, config_path=home / "interest.yaml", home=home, **more)


def _value(kind: Type, row: int, tag: int) -> object:
    return {
        Type.VARCHAR: f"{tag}-{row:04d} ünï'\"\n,[]",
        Type.TIMESTAMP: _EPOCH + timedelta(microseconds=row + 1000 * tag),
        Type.DOUBLE: row / 3 + tag,
        Type.BIGINT: 2**40 * tag + row,
        Type.INTEGER: row,
        Type.BOOLEAN: row % 2 == 0,
        Type.TEXTS: [f"t{row}", "a,b", "[", ""][: row % 5],
        Type.VECTOR: [row / 7, float(tag)],
    }[kind]


def _frame(table: Table, window: Window, rows: int = 3, tag: int = 1) -> pl.DataFrame:
    columns = {
        c.name: [
            None if c.nullable and c.name not in table.key and row % 2 else _value(c.type, row, tag)
            for row in range(rows)
        ]
        for c in table.body
    }
    return table.conform(pl.DataFrame(columns, schema={c.name: c.type.polars for c in table.body}), window.start)


@pytest.fixture(scope="session")
def settings_of() -> Callable[..., Settings]:
    """Settings of a home."""
    return _settings


@pytest.fixture(scope="session")
def frame() -> Callable[..., pl.DataFrame]:
    """A frame of a table: `frame(TABLE, window, rows=3, tag=1)`; another tag gives other values."""
    return _frame


@pytest.fixture(scope="session")
def windows() -> list[Window]:
    """Fifty days."""
    days = [_EPOCH + timedelta(days=i) for i in range(51)]
    return [Window(a, b) for a, b in itertools.pairwise(days)]


@pytest.fixture(scope="session")
def stamp() -> Stamp:
    """Who writes."""
    return Stamp(asset="embeddings", dagster_run_id="run-1", code_version="v1")


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty lake, only to be copied."""
    home = tmp_path_factory.mktemp("made")
    lake = Lake(_settings(home))
    lake.prepare()
    lake.close()
    return home


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """A home with an empty lake, in a folder whose name needs escaping (no `?`: DuckDB cuts names there)."""
    target = tmp_path / "it's a höme #1 [x]*%"
    return Path(shutil.copytree(made_home, target, symlinks=True))


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """An empty lake."""
    lake = Lake(_settings(home))
    yield lake
    lake.close()
