"""The lake as a Dagster resource."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr

from interest_platform.lake import Lake
from interest_platform.resources.settings import SettingsResource

if TYPE_CHECKING:
    import duckdb


class LakeResource(dg.ConfigurableResource):
    """Reads and writes the lake's tables; `get_connection()` is as in `dagster_duckdb.DuckDBResource`."""

    settings: dg.ResourceDependency[SettingsResource]
    _lake: Lake | None = PrivateAttr(default=None)

    @property
    def lake(self) -> Lake:
        """The lake, its tables present."""
        if self._lake is None:
            self._lake = Lake(self.settings.settings)
            self._lake.prepare()
        return self._lake

    @contextmanager
    def get_connection(self) -> "Iterator[duckdb.DuckDBPyConnection]":
        """A read-only DuckDB connection in which the tables of tables.md have unqualified names."""
        with self.lake.connect() as connection:
            yield connection
