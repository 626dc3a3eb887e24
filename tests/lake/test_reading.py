"""Connections that readers share, one after the other."""

import threading
from collections.abc import Callable

import duckdb
import polars as pl
import pytest

from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.lake import Lake, Stamp


def test_a_reader_takes_the_connection_of_the_last_one(lake: Lake) -> None:
    with lake.catalog.reading() as first:
        pass
    with lake.catalog.reading() as second:
        assert second is first


def test_two_readers_at_once_have_two_connections(lake: Lake) -> None:
    with lake.catalog.reading() as one, lake.catalog.reading() as other:
        assert one is not other


def test_a_connection_on_which_a_reader_failed_is_not_used_again(lake: Lake) -> None:
    with pytest.raises(duckdb.Error), lake.catalog.reading() as failed:
        failed.execute("FROM nothing_of_that_name")
    with lake.catalog.reading() as next_one:
        assert next_one is not failed


def test_a_connection_taken_before_the_lake_was_closed_is_not_kept(lake: Lake) -> None:
    with lake.catalog.reading() as old:
        lake.close()
    with lake.catalog.reading() as new:
        assert new is not old
        assert new.execute("SELECT count(*) FROM raw_texts").fetchone() is not None


def test_a_kept_connection_sees_what_was_written_since(
    lake: Lake, windows: list[Window], frame: Callable[..., pl.DataFrame]
) -> None:
    assert lake.read(RAW_TEXTS, [windows[0]]).height == 0
    lake.replace(windows[0], {"raw_texts": frame(RAW_TEXTS, windows[0])}, Stamp("raw_texts", "run", "1"))
    assert lake.read(RAW_TEXTS, [windows[0]]).height == 3


def test_readers_in_many_threads_get_their_own_rows(
    lake: Lake, windows: list[Window], frame: Callable[..., pl.DataFrame]
) -> None:
    for number in range(4):
        lake.replace(
            windows[number],
            {"raw_texts": frame(RAW_TEXTS, windows[number], rows=number + 1)},
            Stamp("raw_texts", "run", "1"),
        )
    wrong: list[int] = []

    def read(number: int) -> None:
        for _ in range(5):
            if lake.read(RAW_TEXTS, [windows[number]]).height != number + 1:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_version_from_before_a_column_or_a_table_is_read_without_it(lake: Lake, windows: list[Window]) -> None:
    window = windows[0]
    with lake.connect(read_only=False) as connection:
        connection.execute("ALTER TABLE segment_identities DROP COLUMN contested")
        connection.execute("DROP TABLE carried_segments")
    old = lake.version()
    lake.prepare()
    assert lake.read(SEGMENT_IDENTITIES, [window], version=old).columns == SEGMENT_IDENTITIES.names
    assert lake.read(CARRIED_SEGMENTS, [window], columns=["lineage", "age"], version=old).columns == ["lineage", "age"]
    with pytest.raises(LakeError):  # what was never there is no matter of versions
        lake.read(RAW_TEXTS, [window], version=10**6)
