"""Event tables worked out by hand: what happened is plain, and the tracker has to say it."""

import numpy as np
import pytest
from passages import D, axes, between, passage, told, unit

from interest_platform.dynamics.tracker import transition

STAY = [[90, 2, 2, 1], [1, 90, 2, 2], [2, 1, 90, 2], [2, 2, 1, 90]]


def moved(centroids, step=0.05):
    return unit(centroids + step * np.eye(D)[-len(centroids) :])


def events(*found):
    return sorted(found, key=lambda e: (e[1], e[2]))


def survive(*pairs):
    return [("survive", (i,), (j,)) for i, j in pairs]


def test_nothing_happened():
    found = transition(passage(axes(0, 1, 2, 3), moved(axes(0, 1, 2, 3)), STAY))
    assert told(found) == survive((0, 0), (1, 1), (2, 2), (3, 3))
    assert all(e.score > 0.99 and e.evidence == "both" for e in found.events)


def test_events_that_are_not_scored_are_the_same_events():
    flows = [[45, 44, 1, 2], [1, 2, 90, 1], [2, 1, 1, 90]]
    seen = passage(np.vstack([between(0, 1), axes(2, 3)]), moved(axes(0, 1, 2, 3)), flows)
    quick = transition(seen, scored=False)
    assert told(quick) == told(transition(seen))
    assert all(np.isnan(e.score) for e in quick.events)


def test_clusters_with_other_numbers_are_the_same():
    order = [2, 0, 3, 1]
    found = transition(passage(axes(0, 1, 2, 3), moved(axes(0, 1, 2, 3))[order], np.array(STAY)[:, order]))
    assert told(found) == survive((0, 1), (1, 3), (2, 0), (3, 2))


def test_a_split():
    flows = [[45, 44, 1, 2], [1, 2, 90, 1], [2, 1, 1, 90]]
    found = transition(passage(np.vstack([between(0, 1), axes(2, 3)]), moved(axes(0, 1, 2, 3)), flows))
    assert told(found) == events(("split", (0,), (0, 1)), *survive((1, 2), (2, 3)))


def test_a_merge():
    flows = [[45, 1, 2], [44, 2, 1], [1, 90, 1], [2, 1, 90]]
    found = transition(passage(axes(0, 1, 2, 3), moved(np.vstack([between(0, 1), axes(2, 3)])), flows))
    assert told(found) == events(("merge", (0, 1), (0,)), *survive((2, 1), (3, 2)))


def test_a_birth_and_a_death():
    flows = np.array([[90.0, 2, 1, 0], [1, 90, 2, 1], [2, 1, 90, 0], [1, 2, 1, 0]])
    found = transition(passage(axes(0, 1, 2, 3), moved(axes(0, 1, 2, 9)), flows))
    assert told(found) == events(("birth", (), (3,)), ("death", (3,), ()), *survive((0, 0), (1, 1), (2, 2)))


def test_a_split_in_three():
    flows = [[30, 31, 29, 1, 1], [1, 1, 1, 90, 1], [1, 0, 1, 2, 90]]
    found = transition(passage(np.vstack([between(0, 1, 2), axes(3, 4)]), moved(axes(0, 1, 2, 3, 4)), flows))
    assert told(found) == events(("split", (0,), (0, 1, 2)), *survive((1, 3), (2, 4)))


def test_a_split_and_a_merge_at_once():
    before = np.vstack([between(0, 1), axes(2, 3, 4)])
    after = np.vstack([axes(0, 1), between(2, 3), axes(4)])
    flows = [[45, 45, 1, 1], [1, 1, 90, 1], [1, 1, 90, 1], [1, 1, 1, 90]]
    assert told(transition(passage(before, moved(after), flows))) == events(
        ("split", (0,), (0, 1)), ("merge", (1, 2), (2,)), *survive((3, 3))
    )


def test_members_decide_where_segments_are_elsewhere():
    # every centroid jumped to an axis of its own
    found = transition(passage(axes(0, 1, 2, 3), axes(10, 11, 12, 13), STAY))
    assert told(found) == survive((0, 0), (1, 1), (2, 2), (3, 3))
    assert {e.evidence for e in found.events} <= {"members", "both"}


def test_geometry_decides_where_nobody_returns():
    found = transition(passage(axes(0, 1, 2, 3), moved(axes(0, 1, 2, 3)), np.zeros((4, 4))))
    assert told(found) == survive((0, 0), (1, 1), (2, 2), (3, 3))
    assert all("geometry" in e.evidence or e.evidence == "both" for e in found.events)


def test_another_encoder_leaves_members_alone():
    after = np.eye(8)[[3, 2, 1, 0]]  # of another length: nothing may compare them
    found = transition(passage(axes(0, 1, 2, 3), after, STAY, comparable=False))
    assert told(found) == survive((0, 0), (1, 1), (2, 2), (3, 3))
    assert {e.evidence for e in found.events} == {"members"}


def test_strangers_elsewhere_are_deaths_and_births():
    found = transition(passage(axes(0, 1, 2), axes(10, 11, 12), np.zeros((3, 3))))
    assert {kind for kind, _, _ in told(found)} == {"birth", "death"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], []),
        ([], [0, 1], [("birth", (), (0,)), ("birth", (), (1,))]),
        ([0, 1], [], [("death", (0,), ()), ("death", (1,), ())]),
    ],
)
def test_an_empty_window_on_either_side(before, after, expected):
    found = transition(passage(axes(*before), axes(*after), np.zeros((len(before), len(after)))))
    assert told(found) == expected


def test_a_single_cluster_survives_or_is_another():
    assert told(transition(passage(axes(0), moved(axes(0)), [[80]]))) == survive((0, 0))
    assert told(transition(passage(axes(0), moved(axes(0)), [[0]]))) == survive((0, 0))
    assert told(transition(passage(axes(0), axes(5), [[0]]))) == [("birth", (), (0,)), ("death", (0,), ())]


def test_what_is_learned_of_the_pair_of_windows():
    found = transition(passage(axes(0, 1, 2, 3), moved(axes(0, 1, 2, 3), 0.3), STAY))
    # of 379 returning users 19 left; 20 users at .1 are the first guess
    assert found.leaving == pytest.approx((19 + 2) / (379 + 20), abs=0.01)
    assert 0.2 < found.drift < 0.3
