"""One user's life in the lake: segments window by window, moves, and the texts behind them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import polars as pl

from interest_platform.lake.failures import told
from interest_platform.lake.lake import Lake

_KNOWN = """
    SELECT DISTINCT user_key FROM raw_texts WHERE list_contains($1, user_key) ORDER BY user_key
"""
_SEGMENTS = """
    SELECT window_start, CASE cluster_id WHEN -1 THEN 'unassigned' ELSE segment_id END AS segment_id, name, membership
    FROM cluster_members LEFT JOIN segment_identities USING (window_start, cluster_id)
    WHERE user_key = $1 AND interest_no = 0 ORDER BY window_start
"""
_MOVES = "SELECT * FROM user_moves WHERE user_key = $1 ORDER BY window_start"
_TEXTS = """
    SELECT text_id, source, ts, coalesce(nullif(clean_text, ''), text) AS text
    FROM raw_texts LEFT JOIN cleaned_tokens USING (window_start, text_id)
    WHERE user_key = $1 AND list_contains($2, text_id) ORDER BY text_id
"""


@contextmanager
def user_history(lake: Lake) -> Iterator["UserHistory"]:
    """What the lake's newest version tells of users, whatever lands meanwhile. Raises `LakeError`."""
    version = lake.version()
    with lake.connect(version=version) as connection:
        yield UserHistory(connection)


class UserHistory:
    """Questions about single users, asked at one version of the lake."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def known(self, user_keys: Sequence[str]) -> list[str]:
        """Those of the pseudonyms that have a text in any window, sorted."""
        return self._rows(_KNOWN, list(user_keys))["user_key"].to_list()

    def segments(self, user_key: str) -> pl.DataFrame:
        """window_start, segment_id, name, membership of the user's strongest interest, a row a window, oldest first.

        Segment and name are null where the window's clusters have no identity yet. One in no cluster is `unassigned`.
        """
        return self._rows(_SEGMENTS, user_key)

    def moves(self, user_key: str) -> pl.DataFrame:
        """The user's rows of `user_moves`, oldest first."""
        return self._rows(_MOVES, user_key)

    def texts(self, user_key: str, text_ids: Sequence[str]) -> pl.DataFrame:
        """text_id, source, ts, text of those of the user's texts; text is null where the source brings only vectors."""
        return self._rows(_TEXTS, user_key, list(text_ids))

    def _rows(self, sql: str, *parameters: object) -> pl.DataFrame:
        with told("the user's history can't be read"):
            return self._connection.execute(sql, list(parameters)).pl()
