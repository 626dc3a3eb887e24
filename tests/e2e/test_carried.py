"""Segments that overlap are carried through the whole line, whatever the order of rows and the cut of the backfill."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support import Place, done, interest, make_workplace

pytestmark = pytest.mark.e2e

WEEKS, EMPTY, USERS, GROUPS, SIZE = 6, 3, 66, 3, 12
CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet", columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-02-12, lookback: 1}
drift: {permutations: 19}
planted: {repeats: 0}
"""
KEPT = ("carried_segments", "cluster_members", "segment_identities", "segment_events", "segment_terms")


def notes() -> pl.DataFrame:
    """Users of three groups that overlap, four vectors a week each; nobody writes in the fourth week."""
    rng = np.random.default_rng(4)
    rows = []
    for week in range(WEEKS):
        for user in range(USERS if week != EMPTY else 0):
            for n in range(4):
                vector = np.eye(SIZE)[user % GROUPS] + 0.45 * rng.normal(size=SIZE)
                ts = dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=7 * week + n, minutes=user)
                rows.append((f"person-{user:02d}", ts, vector.tolist(), f"g{user % GROUPS}"))
    schema = {"user_id": pl.String, "ts": pl.Datetime("us"), "vector": pl.List(pl.Float64), "category": pl.String}
    return pl.DataFrame(rows, schema, orient="row")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home loaded in one run."""
    folder = make_workplace(tmp_path_factory.mktemp("whole"), CONFIG, notes())
    return Place(folder, run=done(interest(folder, "run", "--no-publish")).stderr)


def test_three_segments_keep_their_ids_over_a_week_in_which_nobody_writes(whole: Place) -> None:
    found = whole.rows(
        "SELECT window_start, count(*) n, list(segment_id ORDER BY segment_id) ids, any_value(k_method) m "
        "FROM cluster_snapshots JOIN segment_identities USING (window_start, cluster_id) GROUP BY 1 ORDER BY 1"
    )
    assert set(found["m"]) == {"carried"}
    assert found["n"].to_list() == [GROUPS] * (WEEKS - 1)
    assert set(map(tuple, found["ids"])) == {("s0001", "s0002", "s0003")}
    kinds = whole.rows("SELECT window_start::DATE::VARCHAR w, kind FROM segment_events ORDER BY ALL").rows()
    assert {kind for window, kind in kinds if window > "2024-01-01"} == {"survive"}
    quiet = whole.rows(f"SELECT DISTINCT state FROM carried_segments WHERE window_start = '{_week(EMPTY)}'")
    assert quiet["state"].to_list() == ["quiet"]


def test_users_are_with_those_of_their_group(whole: Place) -> None:
    found = whole.rows(
        "SELECT category, segment_id, count(DISTINCT user_key) n FROM raw_texts "
        "JOIN cluster_members USING (window_start, user_key) JOIN segment_identities USING (window_start, cluster_id) "
        "GROUP BY ALL"
    )
    most = found.sort("n").group_by("category").last()
    assert most["segment_id"].n_unique() == GROUPS
    assert most["n"].sum() > 0.9 * USERS


def test_the_last_lines_say_that_segments_overlap(whole: Place) -> None:
    assert "2024-02-05: 3 segments that overlap (separation" in whole.run.replace("\n", " ")


def test_a_run_cut_anywhere_gives_the_same(whole: Place, tmp_path: Path) -> None:
    cut = Place(make_workplace(tmp_path, CONFIG, notes()))
    for week in (2, 4, WEEKS):
        done(interest(cut.folder, "run", "--no-publish", "--to", _week(week), *_from(week)))
    for table in KEPT:
        query = f"SELECT * FROM {table} ORDER BY ALL"
        assert cut.rows(query).equals(whole.rows(query)), table


def test_rows_in_another_order_and_another_key_give_the_same_segments(whole: Place, tmp_path: Path) -> None:
    shuffled = notes().sample(fraction=1.0, shuffle=True, seed=5)
    other = Place(make_workplace(tmp_path, CONFIG, shuffled))
    done(interest(other.folder, "run", "--no-publish", INTEREST_PSEUDONYM_KEY="another key"))
    query = "SELECT window_start, lineage, state, age, event FROM carried_segments ORDER BY ALL"
    assert other.rows(query).equals(whole.rows(query))
    query = "SELECT window_start, cluster_id, size, centroid FROM cluster_snapshots ORDER BY 1, 2"
    assert other.rows(query).equals(whole.rows(query))


def _week(number: int) -> str:
    return f"{dt.date(2024, 1, 1) + dt.timedelta(weeks=number)}"


def _from(until: int) -> list[str]:
    begin = {2: 0, 4: 2, WEEKS: 4}[until]
    return ["--from", _week(begin)]
