"""user_segments_live: who wrote since the newest window, and nobody once that window is loaded."""

from datetime import datetime

import duckdb
import pytest

pytestmark = pytest.mark.slow

AS_OF = datetime(2024, 1, 17)


def placed(user, segment, previous, **more):
    return {"user_key": user, "interest_no": 0, "segment_id": segment, "previous_segment_id": previous} | {
        "membership": 0.75, "cosine": 0.5, "weight": 1.0, "vector": [1.0], "n_new_texts": 2,
        "new_text_hashes": ["h"], "as_of": AS_OF, "base_window_start": datetime(2024, 1, 8), "encoder": "e1",
        "lake_version": 1,
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def built(hand_made, tmp_path_factory):
    """Weeks 0 and 1 are loaded, 2 is open; later it is loaded too. Of week 1 there are provisional rows of then."""
    made = hand_made("live")
    earlier = [placed("z", "s0001", None, as_of=datetime(2024, 1, 9), base_window_start=datetime(2024, 1, 1))]
    for number, clusters in enumerate((["ab", "c"], ["ab", "c"])):
        made.texts(number, "abc")
        made.whole(number, clusters, ["s0001", "s0002"])
    made.put(1, "provisional_segments", {"provisional_segments": earlier})
    rows = [
        placed("a", "s0002", "s0001"),
        placed("b", "s0001", "s0001"),
        placed("c", "s0001", "unassigned"),
        placed("d", "s0002", None),
    ]
    rows.append(placed("a", "s0001", "s0001", interest_no=1))
    opened = made.put(2, "provisional_segments", {"provisional_segments": rows})
    made.texts(2, "ab")
    loaded = made.whole(2, ["ab"], ["s0001"], events=[
        {"kind": "survive", "parents": ["s0001"], "children": ["s0001"], "users_moved": 2, "score": 0.5}
        | {"evidence": "both"},
        {"kind": "death", "parents": ["s0002"], "children": [], "users_moved": 0, "score": 0.5, "evidence": "both"},
    ])  # fmt: skip
    folder = tmp_path_factory.mktemp("built")
    made.build(opened, folder / "open.duckdb")
    made.build(loaded, folder / "loaded.duckdb")
    return folder


def rows(built, sql, file):
    with duckdb.connect(str(built / file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_users_who_wrote_stand_beside_where_they_are_published(built):
    sql = "SELECT user_key, segment_id, name, published_segment, published_name, kind FROM user_segments_live"
    assert rows(built, sql, "open.duckdb") == [
        ("a", "s0002", "name1 of 1", "s0001", "name0 of 1", "moved"),
        ("b", "s0001", "name0 of 1", "s0001", "name0 of 1", "stayed"),
        ("c", "s0001", "name0 of 1", "unassigned", "unassigned", "moved"),
        ("d", "s0002", "name1 of 1", None, None, "new"),
    ]
    sql = "SELECT DISTINCT window_start, as_of, published_window FROM user_segments_live"
    assert rows(built, sql, "open.duckdb") == [(datetime(2024, 1, 15), AS_OF, datetime(2024, 1, 8))]


def test_nobody_is_provisional_once_the_window_is_loaded(built):
    assert rows(built, "FROM user_segments_live", "loaded.duckdb") == []


def test_an_open_window_is_none_that_was_loaded_or_left_out(built):
    assert rows(built, "SELECT windows, windows_left_out FROM publication", "open.duckdb") == [(2, 0)]
    assert rows(built, "SELECT count(*) FROM window_quality", "open.duckdb") == [(2,)]
