"""What one published file shows, in memory: made beside the old state and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import polars as pl

from interest_platform.errors import InterestError
from interest_platform.ingest import known_users
from interest_platform.lake import Lake
from interest_platform.lake.published import read_published
from interest_platform.lake.segment_map import segment_map
from interest_platform.segments.segment_map import SegmentMap
from interest_platform.service.lists import Lists, Offer, weighed_lists
from interest_platform.service.stays import Stays
from interest_platform.settings import Settings
from interest_platform.sources import Users


class Segment(NamedTuple):
    """A segment of the newest window (docs/marts.md, segments_over_time)."""

    segment_id: str
    name: str
    since: str
    size: int
    share: float
    growth: float | None


@dataclass(frozen=True)
class State:
    """All that requests are answered from. Windows are told by their first day, null where there is none."""

    lake_version: int
    published_at: datetime
    window: str | None
    """The window after which `lists` are offered."""
    strategy: str | None
    passed: bool
    lists: Lists
    segment_lists: Mapping[str, tuple[Offer, ...]]
    everybody: tuple[Offer, ...]
    stays: Stays
    segments_window: str | None
    segments: Mapping[str, Segment]
    users: Mapping[str, Users]
    map: SegmentMap | None
    no_map: str
    """Why there is no map; empty where there is one."""

    def knows(self, user_key: str) -> bool:
        """Whether the user has a list or was in a segment."""
        return user_key in self.lists.users or user_key in self.stays.users


def load_state(settings: Settings) -> State:
    """Read the published file, and the map of its newest segments from the lake at the version that it shows.

    Raises `InterestError`, one line, where the file can't be read. What only assigning texts needs may be missing.
    """
    shown = read_published(settings.published_file, settings.config.service.history)
    segments = shown.segments.with_columns(pl.col("window_start", "since").dt.strftime("%Y-%m-%d"))
    segments_window = None if segments.is_empty() else str(segments["window_start"][0])
    places, no_map = _map(settings, segments_window, shown.lake_version)
    return State(
        lake_version=shown.lake_version,
        published_at=shown.published_at,
        window=None if shown.window is None else f"{shown.window:%Y-%m-%d}",
        strategy=shown.strategy,
        passed=shown.passed,
        lists=Lists.of(shown.lists),
        segment_lists={
            str(segment): weighed_lists(rows, "the segment's")
            for (segment,), rows in shown.segment_lists.partition_by("segment_id", as_dict=True).items()
        },
        everybody=weighed_lists(shown.everybody, "all"),
        stays=Stays.of(shown.history),
        segments_window=segments_window,
        segments={row[0]: Segment(*row) for row in segments.select(Segment._fields).iter_rows()},
        users=known_users(settings),
        map=places,
        no_map=no_map,
    )


def _map(settings: Settings, window: str | None, version: int) -> tuple[SegmentMap | None, str]:
    """The map, else why there is none: lists are served all the same."""
    if name := settings.config.vector_encoder:
        return None, f"the sources bring their own vectors ({name}), so texts can't be encoded as theirs were"
    if window is None:
        return None, "no window has segments yet: `interest run` makes them"
    lake = Lake(settings)
    try:
        found = segment_map(lake, settings.grid.window(window), version)
    except InterestError as error:
        return None, f"the segments of {window} can't be read at lake version {version}: {error}"
    finally:
        lake.close()
    return found, "" if found else f"lake version {version} has no cluster in {window}"
