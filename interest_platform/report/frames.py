"""What a report is made from: frames of the lake's tables, read at one version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from interest_platform.domain.contract import Table
from interest_platform.domain.dynamics_tables import (
    DRIFT_METRICS,
    PLANTED_EVENTS,
    SEGMENT_EVENTS,
    SEGMENT_IDENTITIES,
    SEGMENT_MIGRATIONS,
)
from interest_platform.domain.recommendation_tables import RECOMMENDATION_METRICS
from interest_platform.domain.tables import CLUSTER_MEMBERS, CLUSTER_SNAPSHOTS, USER_INTERESTS
from interest_platform.domain.windows import Window

MOST_WINDOWS = 24
"""Windows that a report shows, the newest; more would not be read, and the page stays small."""

SNAPSHOT_COLUMNS = ["window_start", "cluster_id", "size", "share", "centroid", "separation", "structure"]
MEMBER_COLUMNS = ["window_start", "user_key", "interest_no", "cluster_id"]
INTEREST_COLUMNS = ["window_start", "user_key", "interest_no", "vector"]


class Reader(Protocol):
    """How tables are read: the lake, or whatever a test has."""

    def read(
        self,
        table: Table,
        windows: Sequence[Window] | None = None,
        *,
        columns: Sequence[str] | None = None,
        version: int | None = None,
    ) -> pl.DataFrame:
        """Rows of the windows, ordered by window and key."""


@dataclass(frozen=True)
class Frames:
    """Rows of the shown windows by table, any of them empty; of `members` and `interests` those of the newest window.

    Only the columns named in this module are needed of `snapshots`, `members` and `interests`.
    """

    identities: pl.DataFrame = field(default_factory=SEGMENT_IDENTITIES.empty)
    snapshots: pl.DataFrame = field(default_factory=CLUSTER_SNAPSHOTS.empty)
    events: pl.DataFrame = field(default_factory=SEGMENT_EVENTS.empty)
    migrations: pl.DataFrame = field(default_factory=SEGMENT_MIGRATIONS.empty)
    drift: pl.DataFrame = field(default_factory=DRIFT_METRICS.empty)
    planted: pl.DataFrame = field(default_factory=PLANTED_EVENTS.empty)
    quality: pl.DataFrame = field(default_factory=RECOMMENDATION_METRICS.empty)
    members: pl.DataFrame = field(default_factory=CLUSTER_MEMBERS.empty)
    interests: pl.DataFrame = field(default_factory=USER_INTERESTS.empty)
    version: int | None = None


def read_frames(reader: Reader, windows: Sequence[Window], version: int | None = None) -> Frames:
    """The frames of the newest `MOST_WINDOWS` of the windows (oldest first), all at one version of the lake."""
    shown = list(windows)[-MOST_WINDOWS:]
    last = shown[-1:]

    def read(table: Table, of: Sequence[Window], columns: Sequence[str] | None = None) -> pl.DataFrame:
        return reader.read(table, of, columns=columns, version=version)

    return Frames(
        identities=read(SEGMENT_IDENTITIES, shown),
        snapshots=read(CLUSTER_SNAPSHOTS, shown, SNAPSHOT_COLUMNS),
        events=read(SEGMENT_EVENTS, shown),
        migrations=read(SEGMENT_MIGRATIONS, shown),
        drift=read(DRIFT_METRICS, shown),
        planted=read(PLANTED_EVENTS, shown),
        quality=read(RECOMMENDATION_METRICS, shown),
        members=read(CLUSTER_MEMBERS, last, MEMBER_COLUMNS),
        interests=read(USER_INTERESTS, last, INTEREST_COLUMNS),
        version=version,
    )
