"""The marts of how segments live, on four weeks worked out by hand: a split, a merge, a death, moves and drift."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import duckdb
import pytest
from dynamics_rows import drift, event, move, planted

pytestmark = pytest.mark.slow

WEEK = [datetime(2024, 1, 1), datetime(2024, 1, 8), datetime(2024, 1, 15), datetime(2024, 1, 22)]


@pytest.fixture(scope="module")
def built(hand_made, tmp_path_factory):
    """Folder with fresh.duckdb, and restated.duckdb, where weeks 0 and 1 were identified again, those after were not.

    Week 0: s1 = a, b, c; s2 = d, e. Week 1: s1 splits into s3 = a and s4 = b, c; s2 = d, f: e is gone and f new.
    Week 2: s4 and s2 merge into s5 = b, c, d; f moves to s3. Week 3: s3 dies, a moves to s5; e is back, in s5.
    """
    made = hand_made("dynamics")
    made.whole(0, ["abc", "de"], ["s1", "s2"])
    made.put(0, "planted_events", {"planted_events": PLANTED})
    split = [event("split", ["s1"], ["s3", "s4"]), event("survive", ["s2"], ["s2"])]
    made.whole(1, ["bc", "df", "a"], ["s4", "s2", "s3"], split)
    made.put(1, "drift_metrics", {"drift_metrics": DRIFT})
    made.put(1, "planted_events", {"planted_events": PLANTED})
    made.whole(2, ["bcd", "af"], ["s5", "s3"], [event("merge", ["s2", "s4"], ["s5"]), event("survive", ["s3"], ["s3"])])
    made.put(2, "user_moves", {"user_moves": [move("f", "s2", "s3")]})
    fresh = made.whole(3, ["abcde"], ["s5"], [event("survive", ["s5"], ["s5"]), event("death", ["s3"], [])])
    made.last = {}
    made.identities(0, ["abc", "de"], ["s1", "s2"])
    made.segments(0, ["abc", "de"], ["s1", "s2"])
    restated = made.whole(
        1,
        ["bc", "df", "a"],
        ["s7", "s2", "s6"],
        [event("split", ["s1"], ["s6", "s7"]), event("survive", ["s2"], ["s2"])],
    )
    folder = tmp_path_factory.mktemp("built")
    with ThreadPoolExecutor() as pool:
        names = {"fresh.duckdb": fresh, "restated.duckdb": restated}
        [job.result() for job in [pool.submit(made.build, v, folder / n) for n, v in names.items()]]
    return folder


DRIFT = [
    drift("window", None, "mmd", 0.30, q=0.01, effect=0.9, cause="within"),
    drift("window", None, "psi", 0.10, q=None, effect=None, cause=None),
    drift("segment", "s2", "mmd", 0.20, q=0.20, effect=0.9, cause="within"),
    drift("segment", "s2", "vocabulary", 0.40, q=0.02, effect=0.8, cause="mix"),
    drift("segment", "s3", "mmd", 0.20, q=0.03, effect=0.01, cause="within"),
]
PLANTED = [
    planted("all", 0.1, events=10, noticed=5, false=1, smallest=0.2),
    planted("all", 0.2, events=10, noticed=10, false=0, smallest=0.2),
    planted("split", 0.1, events=5, noticed=0, false=1, smallest=None),
]


def rows(built, sql: str, file: str = "fresh.duckdb") -> list[tuple]:
    with duckdb.connect(str(built / file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_segment_in_a_window_tells_what_it_came_from_and_became(built):
    found = rows(
        built, "SELECT window_start, segment_id, since, event, parents, next_event, children FROM segments_over_time"
    )
    assert found == [
        (WEEK[0], "s1", WEEK[0], "birth", [], "split", ["s3", "s4"]),
        (WEEK[0], "s2", WEEK[0], "birth", [], "survive", ["s2"]),
        (WEEK[1], "s4", WEEK[1], "split", ["s1"], "merge", ["s5"]),
        (WEEK[1], "s2", WEEK[0], "survive", ["s2"], "merge", ["s5"]),
        (WEEK[1], "s3", WEEK[1], "split", ["s1"], "survive", ["s3"]),
        (WEEK[2], "s5", WEEK[2], "merge", ["s2", "s4"], "survive", ["s5"]),
        (WEEK[2], "s3", WEEK[1], "survive", ["s3"], "death", []),
        (WEEK[3], "s5", WEEK[2], "survive", ["s5"], None, None),
    ]


def test_a_segment_in_a_window_shows_its_surest_drift(built):
    found = rows(
        built,
        "SELECT segment_id, drift_metric, drift_effect, drift_q_value, drift_cause, drift_alarm "
        f"FROM segments_over_time WHERE window_start = '{WEEK[1]}' ORDER BY 1",
    )
    assert found == [
        ("s2", "vocabulary", 0.8, 0.02, "mix", True),
        ("s3", "mmd", 0.01, 0.03, "within", False),
        ("s4", None, None, None, None, None),
    ]


def test_a_profile_tells_how_a_segment_began_and_ended(built):
    found = rows(
        built, "SELECT segment_id, since, born_by, parents, ended_by, children FROM segment_profile ORDER BY 1"
    )
    assert found == [
        ("s1", WEEK[0], "birth", [], "split", ["s3", "s4"]),
        ("s2", WEEK[0], "birth", [], "merge", ["s5"]),
        ("s3", WEEK[1], "split", ["s1"], "death", []),
        ("s4", WEEK[1], "split", ["s1"], "merge", ["s5"]),
        ("s5", WEEK[2], "merge", ["s2", "s4"], None, None),
    ]


def test_flows_have_names_kinds_and_shares_of_both_sides(built):
    found = rows(
        built,
        "SELECT from_segment, from_name, to_segment, to_name, kind, users, share_of_from, round(share_of_to, 4) "
        f"FROM segment_flows WHERE window_start = '{WEEK[2]}'",
    )
    assert found == [
        ("s2", "name1 of 1", "s3", "name1 of 2", "moved", 1.0, 0.5, 0.5),
        ("s2", "name1 of 1", "s5", "name0 of 2", "followed", 1.0, 0.5, 0.3333),
        ("s3", "name2 of 1", "s3", "name1 of 2", "stayed", 1.0, 1.0, 0.5),
        ("s4", "name0 of 1", "s5", "name0 of 2", "followed", 2.0, 1.0, 0.6667),
    ]


def test_new_and_gone_users_flow_from_and_to_nowhere(built):
    found = rows(
        built,
        "SELECT window_start, from_segment, to_segment, to_name, kind, users, share_of_from, share_of_to "
        f"FROM segment_flows WHERE kind IN ('new', 'gone') AND window_start > '{WEEK[0]}'",
    )
    assert found == [
        (WEEK[1], "s2", None, None, "gone", 1.0, 0.5, 1.0),
        (WEEK[1], None, "s2", "name1 of 1", "new", 1.0, 1.0, 0.5),
        (WEEK[3], "s3", None, None, "gone", 1.0, 0.5, 1.0),
        (WEEK[3], None, "s5", "name0 of 3", "new", 1.0, 1.0, 0.2),
    ]


def test_the_genealogy_names_parents_as_last_seen_and_children_as_now(built):
    found = rows(built, "SELECT kind, parents, parent_names, children, child_names FROM segment_genealogy OFFSET 2")
    assert found == [
        ("split", ["s1"], ["name0 of 0"], ["s3", "s4"], ["name2 of 1", "name0 of 1"]),
        ("survive", ["s2"], ["name1 of 0"], ["s2"], ["name1 of 1"]),
        ("merge", ["s2", "s4"], ["name1 of 1", "name0 of 1"], ["s5"], ["name0 of 2"]),
        ("survive", ["s3"], ["name2 of 1"], ["s3"], ["name1 of 2"]),
        ("survive", ["s5"], ["name0 of 2"], ["s5"], ["name0 of 3"]),
        ("death", ["s3"], ["name1 of 2"], [], []),
    ]


def test_an_alarm_is_what_the_line_judged_it(built):
    found = rows(built, "SELECT scope, segment_id, name, metric, q_value, alarm, cause FROM drift_timeline")
    assert found == [
        ("window", None, None, "mmd", 0.01, True, "within"),
        ("window", None, None, "psi", None, False, None),
        ("segment", "s2", "name1 of 1", "mmd", 0.2, False, "within"),
        ("segment", "s2", "name1 of 1", "vocabulary", 0.02, True, "mix"),
        ("segment", "s3", "name2 of 1", "mmd", 0.03, False, "within"),  # too small to matter
    ]


def history(built, user: str, file: str = "fresh.duckdb") -> list[tuple]:
    wanted = "segment_id, previous_segment, previous_name, kind, moved, move_cause, in_segment_since"
    return rows(built, f"SELECT {wanted} FROM user_segment_history WHERE user_key = '{user}'", file)


def test_a_user_who_goes_with_a_segment_that_splits_or_merges_has_not_moved(built):
    assert history(built, "b") == [
        ("s1", None, None, "new", False, None, WEEK[0]),
        ("s4", "s1", "name0 of 0", "followed", False, None, WEEK[1]),
        ("s5", "s4", "name0 of 1", "followed", False, None, WEEK[2]),
        ("s5", "s5", "name0 of 2", "stayed", False, None, WEEK[2]),
    ]


def test_a_user_who_leaves_the_segment_has_moved_and_the_cause_is_told(built):
    assert history(built, "f") == [
        ("s2", None, None, "new", False, None, WEEK[1]),
        ("s3", "s2", "name1 of 1", "moved", True, "new_texts", WEEK[2]),
    ]


def test_a_user_who_was_away_is_compared_with_the_last_window_that_has_the_user(built):
    assert history(built, "e")[1] == ("s5", "s2", "name1 of 0", "followed", False, None, WEEK[3])


def test_quality_tells_alarms_and_how_well_planted_changes_were_noticed(built):
    found = rows(
        built,
        "SELECT is_stale, drift_alarms, planted_events, planted_recall, planted_precision, smallest_noticed "
        "FROM window_quality",
    )
    assert found == [
        (False, None, 20, 0.75, 0.9375, 0.2),
        (False, 2, 20, 0.75, 0.9375, 0.2),
        *[(False, None, None, None, None, None)] * 2,
    ]


def test_windows_after_one_that_was_identified_again_are_published_as_stale(built):
    file = "restated.duckdb"
    assert rows(built, "SELECT is_whole, is_stale FROM window_quality", file) == [
        (True, True),  # its planted changes are those of the segments as they were
        (True, True),  # its drift is that of the segments as they were
        (True, True),
        (True, True),
    ]
    assert rows(built, "FROM drift_timeline", file) == []
    assert rows(built, "SELECT planted_events FROM window_quality", file) == [(None,)] * 4
    known = rows(built, f"SELECT parents, parent_names FROM segment_genealogy WHERE window_start = '{WEEK[2]}'", file)
    assert known == [(["s2", "s4"], ["name1 of 1", "s4"]), (["s3"], ["s3"])]
