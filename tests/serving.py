"""A home with a published file of a few users, made by DuckDB, and clients of the service over it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
from pydantic import SecretStr
from starlette.testclient import TestClient

from interest_platform.configuration import Configuration
from interest_platform.ingest import known_users
from interest_platform.service.app import create_app
from interest_platform.settings import Settings

TOKEN = "a token of a test"
WEEKS = [datetime(2024, 1, 1), datetime(2024, 1, 8), datetime(2024, 1, 15)]
TABLES = """
CREATE TABLE publication (lake_version BIGINT, published_at TIMESTAMP);
CREATE TABLE user_top_items (window_start TIMESTAMP, user_key VARCHAR, segment_id VARCHAR, rank INTEGER,
    item_id VARCHAR, score DOUBLE, reason VARCHAR, strategy VARCHAR);
CREATE TABLE segment_top_items (window_start TIMESTAMP, segment_id VARCHAR, rank INTEGER, item_id VARCHAR,
    users BIGINT, weight DOUBLE, strategy VARCHAR);
CREATE TABLE user_segment_history (user_key VARCHAR, window_start TIMESTAMP, segment_id VARCHAR, name VARCHAR,
    kind VARCHAR, membership DOUBLE);
CREATE TABLE segments_over_time (window_start TIMESTAMP, segment_id VARCHAR, name VARCHAR, since TIMESTAMP,
    size INTEGER, share DOUBLE, growth DOUBLE);
CREATE TABLE recommendation_report (window_start TIMESTAMP, strategy VARCHAR, metric VARCHAR, segment_id VARCHAR,
    value DOUBLE);
"""


def settings_of(home: Path, sources: Sequence[str] = ("shop", "forum"), **service: object) -> Settings:
    """Of a home, with sources of these names; the service looks for another file twenty times a second."""
    config = {
        "sources": [{"name": name, "uri": f"{name}.parquet"} for name in sources],
        "windows": {"grain": "week", "start": "2024-01-01"},
        "encoder": {"precision": "fp32"},
        "service": {"watch_seconds": 0.05, **service},
    }
    return Settings(config=Configuration.model_validate(config), config_path=home / "interest.yaml", home=home)


@dataclass
class World:
    """What is published: of each user the list, and the segment in each week (None: not there)."""

    settings: Settings
    lists: dict[str, list[str]] = field(default_factory=dict)
    stays: dict[str, list[str | None]] = field(default_factory=dict)
    strategy: str = "hybrid"
    gate: bool = True

    def key(self, user: str, source: str = "shop") -> str:
        """The pseudonym of a user of a source."""
        return known_users(self.settings)[source].key_of(user)

    def publish(self, version: int) -> None:
        """Build the file beside the published one, and rename it over it."""
        target = self.settings.published_file
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name("beside.duckdb")
        with duckdb.connect(str(beside)) as connection:
            connection.execute(TABLES)
            for table, rows in self.rows(version).items():
                places = ", ".join("?" * len(rows[0])) if rows else ""
                for row in rows:
                    connection.execute(f"INSERT INTO {table} VALUES ({places})", row)
        beside.replace(target)

    def rows(self, version: int) -> dict[str, list[list[object]]]:
        """Table to rows."""
        newest = WEEKS[-1]
        return {
            "publication": [[version, datetime(2024, 1, 22, 6)]],
            "user_top_items": [
                [newest, self.key(user), "s0001", n + 1, item, 10.0 - n, f"like {item}", self.strategy]
                for user, items in self.lists.items()
                for n, item in enumerate(items)
            ],
            "segment_top_items": [
                [newest, "s0002", 1, "kettle", 3, 2.5, self.strategy],
                [newest, "s0002", 2, "mug", 1, 0.5, self.strategy],
                [WEEKS[0], "s0002", 1, "old thing", 3, 3.0, self.strategy],
            ],
            "user_segment_history": [
                [self.key(user), WEEKS[n], segment, f"name of {segment} in week {n}", "stayed", 0.75]
                for user, segments in self.stays.items()
                for n, segment in enumerate(segments)
                if segment is not None
            ],
            "segments_over_time": [
                [newest, "s0001", "coffee", WEEKS[0], 4, 0.25, None],
                [newest, "s0002", "tea", WEEKS[1], 12, 0.75, 0.5],
                [WEEKS[0], "s0009", "gone", WEEKS[0], 1, 1.0, None],
            ],
            "recommendation_report": [
                [newest, self.strategy, "gate", None, float(self.gate)],
                [WEEKS[0], self.strategy, "gate", None, float(not self.gate)],
            ],
        }


@contextmanager
def client_of(settings: Settings, token: str | None = TOKEN) -> Iterator[TestClient]:
    """A client of the service over a home, with the token; the service is started and stopped."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with TestClient(create_app(settings, SecretStr(TOKEN)), headers=headers, client=("10.0.0.1", 1)) as client:
        yield client


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a condition; raises `AssertionError` where it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "has not come true"
        time.sleep(0.02)
