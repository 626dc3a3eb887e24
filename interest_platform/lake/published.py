"""The published file, read whole for who serves it: all frames come from one file, whatever is published meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from interest_platform.errors import LakeError
from interest_platform.lake.address import literal
from interest_platform.lake.failures import told

_PUBLICATION = "SELECT lake_version, published_at FROM publication"
_SHOWN = "SELECT max(window_start), max(strategy) FROM user_top_items"
_PASSED = """
    SELECT count(*) > 0 FROM recommendation_report
    WHERE metric = 'gate' AND value = 1 AND segment_id IS NULL AND strategy = $1
        AND window_start = (SELECT max(window_start) FROM recommendation_report WHERE segment_id IS NULL)
"""
_LISTS = "SELECT user_key, rank, item_id, score, reason FROM user_top_items ORDER BY user_key, rank"
_SEGMENT_LISTS = """
    SELECT segment_id, rank, item_id, users, weight FROM segment_top_items
    WHERE window_start = $1 ORDER BY segment_id, rank
"""
# as the dbt model segment_top_items weighs the lists of a segment
_EVERYBODY = """
    SELECT row_number() OVER (ORDER BY round(weight, 9) DESC, item_id)::INTEGER AS rank, item_id, users, weight
    FROM (
        SELECT item_id, count(*)::BIGINT AS users, sum(1 / log2(rank + 1)) AS weight
        FROM user_top_items GROUP BY item_id
    )
    ORDER BY rank LIMIT 10
"""
_HISTORY = """
    SELECT user_key, window_start, segment_id, name, membership, kind FROM user_segment_history
    QUALIFY row_number() OVER (PARTITION BY user_key ORDER BY window_start DESC) <= $1
    ORDER BY user_key, window_start DESC
"""
_SEGMENTS = """
    SELECT window_start, segment_id, name, since, size, share, growth FROM segments_over_time
    WHERE window_start = (SELECT max(window_start) FROM segments_over_time) ORDER BY size DESC, segment_id
"""


@dataclass(frozen=True)
class Published:
    """The newest of what one published file shows.

    `lists`: user_key, rank, item_id, score, reason, by user and rank, of `window` and `strategy`; both null without
    lists. `passed`: whether that strategy has passed the gate; else it is the fallback. `segment_lists`: segment_id,
    rank, item_id, users, weight, of the same window; `everybody` the same of all users' lists, 10 items at most.
    `history`: user_key, window_start, segment_id, name, membership, kind, by user, newest first. `segments`:
    window_start, segment_id, name, since, size, share, growth of the newest window that has some, largest first.
    """

    lake_version: int
    published_at: datetime
    window: datetime | None
    strategy: str | None
    passed: bool
    lists: pl.DataFrame
    segment_lists: pl.DataFrame
    everybody: pl.DataFrame
    history: pl.DataFrame
    segments: pl.DataFrame


def read_published(path: Path, windows: int) -> Published:
    """Read the file; of each user's history the newest `windows`.

    Computes in one thread, so that who serves meanwhile keeps a core. Raises `LakeError`, one line, where the file is
    missing, is no DuckDB file, or lacks a table or a column.
    """
    # attached to an instance of its own, as `published_version` does: opened by its path it may be the replaced file
    with told(f"{path.name} can't be read"), duckdb.connect(":memory:", config={"threads": 1}) as instance:
        instance.execute(f"ATTACH {literal(str(path))} AS published (READ_ONLY)")
        instance.execute("USE published.main")
        publication = instance.execute(_PUBLICATION).fetchall()
        if len(publication) != 1:
            raise LakeError(f"{path.name} can't be read: publication has {len(publication)} rows, not one")
        [(version, published_at)] = publication
        [(window, strategy)] = instance.execute(_SHOWN).fetchall()
        [(passed,)] = instance.execute(_PASSED, [strategy]).fetchall()
        return Published(
            lake_version=int(version),
            published_at=published_at,
            window=window,
            strategy=strategy,
            passed=passed,
            lists=instance.execute(_LISTS).pl(),
            segment_lists=instance.execute(_SEGMENT_LISTS, [window]).pl(),
            everybody=instance.execute(_EVERYBODY).pl(),
            history=instance.execute(_HISTORY, [windows]).pl(),
            segments=instance.execute(_SEGMENTS).pl(),
        )
