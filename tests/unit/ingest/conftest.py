"""A platform whose sources are the test's own files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from interest_platform.configuration import Configuration
from interest_platform.domain.windows import Window
from interest_platform.ingest import SourceReader, WindowRows
from interest_platform.settings import Settings

NOW = datetime(2024, 6, 1)
KEY = SecretStr("a key for tests")


@dataclass(frozen=True)
class Everything:
    """All windows together."""

    windows: list[WindowRows]

    @property
    def accepted(self) -> pl.DataFrame:
        return pl.concat([w.accepted for w in self.windows])

    @property
    def rejected(self) -> pl.DataFrame:
        return pl.concat([w.rejected for w in self.windows])

    @property
    def rows_read(self) -> int:
        return sum(sum(w.rows_read.values()) for w in self.windows)

    @property
    def reasons(self) -> dict[str, str]:
        """row_ref to reason."""
        return dict(self.rejected.sort("row_ref").select("row_ref", "reason").iter_rows())


class Platform:
    """Writes files below a folder and reads them as a source would be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def settings(self, uri: str | None = None, **more: Any) -> Settings:
        windows = {"grain": "month", "start": "2024-01-01", "end": "2024-05-01"} | more.pop("windows", {})
        sources = more.pop("sources", None) or [{"name": "reviews", "uri": uri} | more.pop("source", {})]
        content = {"sources": sources, "windows": windows, **more}
        return Settings(
            config=Configuration.model_validate(content),
            config_path=self.folder / "interest.yaml",
            home=self.folder / "home",
        )

    def read(
        self,
        uri: str | None = None,
        *,
        only: Callable[[Sequence[Window]], Sequence[Window]] = list,
        now: datetime = NOW,
        **more: Any,
    ) -> Everything:
        """All windows of the grid that `only` chooses, in one reader."""
        settings = self.settings(uri, **more)
        windows = only(list(settings.grid))
        with SourceReader(settings, windows, now, KEY) as reader:
            return Everything([reader.window(window) for window in windows])


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


def row(user: str = "ann", text: str = "a text", ts: str = "2024-02-03T10:00:00Z", **more: Any) -> dict[str, Any]:
    return {"user_id": user, "text": text, "ts": ts, **more}


@pytest.fixture
def a_row() -> Callable[..., dict[str, Any]]:
    return row
