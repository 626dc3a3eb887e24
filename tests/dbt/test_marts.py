"""What dbt builds, on a lake whose numbers are worked out by hand."""

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import duckdb
import pytest
from dynamics_rows import event

pytestmark = pytest.mark.slow

WEEK = [datetime(2024, 1, 1), datetime(2024, 1, 8), datetime(2024, 1, 15), datetime(2024, 1, 22), datetime(2024, 1, 29)]


@pytest.fixture(scope="module")
def built(hand_made, tmp_path_factory):
    """Folder with old.duckdb (the lake after its first window) and new.duckdb (after all of them).

    Week 0: a, b | c; three rows rejected. Week 1: a, c, d | b. Week 2: loaded, and empty. Week 3: clustered anew after
    its segments were written, as in the middle of a restatement. Week 4: whole, but its interests are newer than that.
    """
    made = hand_made("marts")
    made.texts(0, "aabc", rejected=["empty_text", "no_user", "empty_text"])
    first = made.whole(0, ["ab", "c"], ["s0001", "s0002"])
    made.texts(1, "acdb")
    made.whole(1, ["acd", "b"], ["s0001", "s0002"])
    made.texts(2, "")
    made.whole(2, [], [])
    made.texts(3, "ab")
    made.whole(3, ["ab"], ["s0003"])
    made.clusters(3, ["a", "b"])
    made.texts(4, "a")
    made.whole(4, ["a"], ["s0004"])
    last = made.interests(4, "ab", n_texts=9)
    folder = tmp_path_factory.mktemp("built")
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(made.build, v, folder / n) for v, n in ((first, "old.duckdb"), (last, "new.duckdb"))]
        [job.result() for job in jobs]
    return folder, first, last


def rows(built, sql: str, file: str = "new.duckdb") -> list[tuple]:
    with duckdb.connect(str(built[0] / file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_segments_over_time_has_each_segment_of_each_whole_window(built):
    found = rows(built, "SELECT window_start, segment_id, size, round(share, 4), k FROM segments_over_time")
    assert found == [
        (WEEK[0], "s0001", 2, 0.6667, 2),
        (WEEK[0], "s0002", 1, 0.3333, 2),
        (WEEK[1], "s0001", 3, 0.75, 2),
        (WEEK[1], "s0002", 1, 0.25, 2),
        (WEEK[4], "s0004", 1, 1.0, 1),
    ]


def test_every_number_says_where_it_comes_from(built):
    found = rows(built, "SELECT DISTINCT window_start, mlflow_run_id, lake_version FROM segments_over_time ORDER BY 1")
    assert found == [(WEEK[0], "run0", 7), (WEEK[1], "run1", 7), (WEEK[4], "run4", 7)]


def test_segment_profile_has_the_newest_facts_and_the_whole_life(built):
    found = rows(
        built,
        "SELECT segment_id, name, size, first_window, last_window, windows, peak_size, peak_window, is_current "
        "FROM segment_profile ORDER BY segment_id",
    )
    assert found == [
        ("s0001", "name0 of 1", 3, WEEK[0], WEEK[1], 2, 3, WEEK[1], False),
        ("s0002", "name1 of 1", 1, WEEK[0], WEEK[1], 2, 1, WEEK[0], False),  # of equal peaks the first
        ("s0004", "name0 of 4", 1, WEEK[4], WEEK[4], 1, 1, WEEK[4], True),
    ]


def test_lists_are_published_as_lists(built):
    found = rows(built, "SELECT top_terms, top_items, example_texts FROM segment_profile WHERE segment_id = 's0002'")
    assert found == [(["term1", "shared"], ["item1"], ["text of b"])]


def test_user_segment_history_follows_a_user_through_the_windows(built):
    found = rows(
        built, "SELECT window_start, segment_id, membership, n_texts FROM user_segment_history WHERE user_key='b'"
    )
    assert found == [(WEEK[0], "s0001", 0.75, 1), (WEEK[1], "s0002", 0.75, 1)]


def test_interests_computed_since_the_clustering_are_not_passed_off_as_its_own(built):
    found = rows(
        built, "SELECT user_key, n_texts, weight, windows_present FROM user_segment_history WHERE segment_id='s0004'"
    )
    assert found == [("a", None, None, None)]


def test_top_terms_are_ranked_from_one(built):
    found = rows(
        built, f"SELECT rank, term FROM segment_top_terms WHERE segment_id='s0002' AND window_start='{WEEK[1]}'"
    )
    assert found == [(1, "term1"), (2, "shared")]


def test_window_quality_tells_every_window_that_was_loaded(built):
    found = rows(
        built,
        "SELECT window_start, is_whole, is_stale, accepted, rejected, round(share_rejected, 4), users, interests, "
        "clusters, round(largest_share, 4), encoder FROM window_quality",
    )
    assert found == [
        (WEEK[0], True, False, 4, 3, 0.4286, 3, 3, 2, 0.6667, "e1"),
        (WEEK[1], True, False, 4, 0, 0.0, 4, 4, 2, 0.75, "e1"),
        (WEEK[2], True, False, 0, 0, None, 0, 0, 0, None, None),
        (WEEK[3], False, True, 2, 0, 0.0, 2, 2, None, None, "e1"),
        (WEEK[4], True, True, 1, 0, 0.0, 1, 2, 1, 1.0, "e1"),
    ]


def test_rejected_rows_are_counted_by_reason(built):
    assert rows(built, "FROM window_rejections") == [(WEEK[0], "s", "empty_text", 2), (WEEK[0], "s", "no_user", 1)]


def test_publication_is_one_row_that_names_the_version(built):
    _, first, last = built
    wanted = "SELECT lake_version, first_window, last_window, windows, windows_left_out FROM publication"
    assert rows(built, wanted) == [(last, WEEK[0], WEEK[4], 4, 1)]
    assert rows(built, wanted, "old.duckdb") == [(first, WEEK[0], WEEK[0], 1, 0)]


def test_a_build_at_an_older_version_sees_the_old_rows(built):
    found = rows(built, "SELECT segment_id, size, last_window, is_current FROM segment_profile", "old.duckdb")
    assert found == [("s0001", 2, WEEK[0], True), ("s0002", 1, WEEK[0], True)]


def test_the_file_needs_no_extension_and_holds_tables_of_main_alone(built):
    found = rows(built, "SELECT DISTINCT schema_name, temporary FROM duckdb_tables()")
    assert found == [("main", False)]
    assert rows(built, "SELECT count(*) FROM duckdb_views() WHERE NOT internal") == [(0,)]


def test_the_file_carries_its_own_documentation(built):
    undocumented = "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
    assert rows(built, undocumented) == []


@pytest.fixture(scope="module")
def empty(hand_made):
    """A lake without a row, published."""
    made = hand_made("empty")
    made.build()
    return made


def test_an_empty_lake_builds_to_empty_marts(empty, tmp_path):
    with duckdb.connect(str(shutil.copy(empty.published, tmp_path)), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        counts = {name: connection.table(name).count("*").fetchone()[0] for name in tables}
        told = connection.execute("SELECT first_window, windows FROM publication").fetchall()
    assert counts.pop("publication") == 1
    assert len(counts) == 14
    assert set(counts.values()) == {0}
    assert told == [(None, 0)]


def test_three_builds_at_once_land_while_a_reader_reads_on(empty):
    done, reads = threading.Event(), []

    def read() -> None:
        while not done.wait(0.05):
            with duckdb.connect(":memory:") as connection:
                connection.execute(f"ATTACH '{empty.published}' AS published (READ_ONLY)")
                reads.append(connection.execute("SELECT count(*) FROM published.main.segments_over_time").fetchone()[0])

    with duckdb.connect(str(empty.published), read_only=True) as old, ThreadPoolExecutor(4) as pool:
        reader = pool.submit(read)
        empty.whole(0, ["ab", "c"], ["s1", "s2"])
        for build in [pool.submit(empty.build) for _ in range(3)]:
            build.result()
        done.set()
        reader.result()
        assert old.execute("SELECT count(*) FROM segments_over_time").fetchone() == (0,)
    assert reads[-1] == 2
    assert set(reads) <= {0, 2}
    assert reads == sorted(reads)
    assert [p.name for p in empty.published.parent.iterdir()] == ["interest.duckdb"]


@pytest.fixture(scope="module")
def broken(hand_made):
    """What dbt said of a lake with a fault in each of seven windows, and whether anything was published."""
    made = hand_made("broken")
    made.interests(0, "abc")
    made.clusters(0, ["ab", "c"], told_sizes=[3, 1])
    made.identities(0, ["ab", "c"], ["s1", "s2"])
    made.segments(0, ["ab", "c"], ["s1", "s2"], sizes=[3, 1])
    made.interests(1, "abc")
    made.clusters(1, ["ab", "c"])
    made.identities(1, ["ab", "c"], ["s3", "s4"])
    made.segments(1, ["a", "bc"], ["s3", "s4"], sizes=[2, 1])
    made.whole(3, ["a"], ["s5"], [])
    made.whole(4, ["a"], ["s6"], [event("split", ["s99"], ["s6"])])
    made.last = {"a": "s98"}
    made.whole(5, ["a"], ["s7"])
    made.interests(6, "ab")
    made.clusters(6, ["a", "b"])
    made.identities(6, ["a", "b"], ["s8", "s9"])
    made.segments(6, ["a", "b"], ["s9", "s8"])
    made.texts(2, "abc")
    with made.lake.connect(read_only=False) as connection:
        connection.execute("DELETE FROM raw_texts WHERE user_key = 'b'")
        connection.execute("UPDATE segment_migrations SET users = users + 1 WHERE to_segment = 's5'")
    with pytest.raises(AssertionError) as failed:
        made.build()
    return str(failed.value), made.published.exists()


@pytest.mark.parametrize(
    "test",
    [
        "segments_are_the_clusters",  # window 0 tells 3 members of a cluster of 2
        "shares_sum_to_one",
        "users_are_the_members",  # window 1 puts b into another segment than b's cluster
        "loads_agree_with_rows",  # window 2 has lost a row
        "flows_in_are_the_members",  # window 3 tells of two users that flow into a segment of one
        "events_make_the_segments",  # window 3 has a segment that no event made
        "events_are_of_their_kind",  # window 4 has a split with one child
        "events_name_known_segments",  # of a segment that never was
        "flows_name_known_segments",  # window 5 has a user come from another such
        "segments_are_the_identities",  # window 6 has its two segments the wrong way round
    ],
)
def test_broken_conservation_fails_the_build(broken, test):
    assert re.search(rf"FAIL \d+ {test}", broken[0])


def test_a_failed_build_publishes_nothing(broken):
    assert broken[1] is False
