"""Ids are kept, found again, or new, and never used twice."""

import numpy as np
import polars as pl
import pytest
from passages import D, axes, between, unit

from interest_platform.dynamics.genealogy_frames import broken_genealogy_laws
from interest_platform.dynamics.identities import Past, genealogy, segment_id
from interest_platform.dynamics.sightings import Sighting, passage
from interest_platform.interests.vectors import as_lists

EACH = 60


def seen(encoder="e", step=0.0, **clusters):
    """A sighting: `a=(axis, users)` or `a=(vector, users)`, cluster ids in that order."""
    centroids = [
        unit(axes(at)[0] + step * np.eye(D)[-1 - i] if isinstance(at, int) else at)
        for i, (at, _) in enumerate(clusters.values())
    ]
    members = [(user, i, 1.0) for i, (_, users) in enumerate(clusters.values()) for user in users]
    return Sighting(
        pl.DataFrame(
            {
                "cluster_id": pl.Series(range(len(clusters)), dtype=pl.Int32),
                "size": [len(users) for _, users in clusters.values()],
                "cohesion": [0.8] * len(clusters),
                "centroid": as_lists(np.array(centroids).reshape(len(clusters), D)),
            }
        ),
        pl.DataFrame(members, {"user_key": pl.String, "cluster_id": pl.Int32, "weight": pl.Float64}, orient="row"),
        encoder,
    )


def users(name, first=0, last=EACH):
    return [f"{name}{i:03d}" for i in range(first, last)]


THREE = {"a": (0, users("a")), "b": (1, users("b")), "c": (2, users("c"))}


def ids(found):
    return {i.cluster_id: i.segment_id for i in found.identities}


def after(now, past=None):
    """The past that a window leaves behind, nothing absent."""
    past = past or Past()
    found = genealogy(now, past)
    assert broken_genealogy_laws(found, now, past) == []
    numbers = max([past.numbers, *(int(s[1:]) for s in ids(found).values())])
    return found, Past(now, ids(found), {}, numbers)


def test_a_beginning_is_births_numbered_by_cluster():
    found, _ = after(seen(**THREE))
    assert ids(found) == {0: "s0001", 1: "s0002", 2: "s0003"}
    assert [(e.kind, e.evidence) for e in found.events] == [("birth", "none")] * 3
    assert all(i.new for i in found.identities)


def test_the_same_window_again_changes_nothing():
    first, past = after(seen(**THREE))
    again, _ = after(seen(**THREE), past)
    assert ids(again) == ids(first)
    assert {e.kind for e in again.events} == {"survive"}
    assert not any(i.new for i in again.identities)


def test_ids_follow_their_clusters_whatever_their_numbers():
    _, past = after(seen(**THREE))
    found, _ = after(seen(step=0.05, c=THREE["c"], a=THREE["a"], b=THREE["b"]), past)
    assert ids(found) == {0: "s0003", 1: "s0001", 2: "s0002"}


def test_children_have_new_ids_and_those_of_the_dead_are_not_given_again():
    _, past = after(seen(**THREE))
    split, past = after(
        seen(
            b=THREE["b"],
            c=THREE["c"],
            a1=(unit(axes(0)[0] + axes(7)[0]), users("a", 0, 30)),
            a2=(unit(axes(0)[0] - axes(7)[0]), users("a", 30)),
        ),
        past,
    )
    assert ids(split) == {0: "s0002", 1: "s0003", 2: "s0004", 3: "s0005"}
    assert ("split", ("s0001",), ("s0004", "s0005")) in [(e.kind, e.parents, e.children) for e in split.events]
    born, past = after(
        seen(
            b=THREE["b"],
            a1=(unit(axes(0)[0] + axes(7)[0]), users("a", 0, 30)),
            a2=(unit(axes(0)[0] - axes(7)[0]), users("a", 30)),
            d=(9, users("d")),
        ),
        past,
    )
    assert ids(born) == {0: "s0002", 1: "s0004", 2: "s0005", 3: "s0006"}


def test_users_moved_are_counted():
    _, past = after(seen(**THREE))
    merged, _ = after(seen(ab=(between(0, 1), users("a") + users("b", 0, 50)), c=THREE["c"]), past)
    (merge,) = [e for e in merged.events if e.kind == "merge"]
    assert (merge.parents, merge.children, merge.users_moved) == (("s0001", "s0002"), ("s0004",), EACH + 50)


def absent(past, now_without, name="s0003"):
    """The past after a window in which the third segment was not there."""
    found, after_it = after(now_without, past)
    assert ("death", (name,), ()) in [(e.kind, e.parents, e.children) for e in found.events]
    return Past(after_it.last, after_it.segments, {name: past.last.only([2])}, after_it.numbers)


def two():
    return {n: THREE[n] for n in "ab"}


def test_an_absent_segment_returns_as_itself_by_its_members_and_by_its_place():
    _, past = after(seen(**THREE))
    past = absent(past, seen(**two()))
    found = genealogy(seen(**THREE), past)
    assert ids(found) == {0: "s0001", 1: "s0002", 2: "s0003"}
    assert [(e.kind, e.users_moved) for e in found.events if "s0003" in e.children] == [("survive", EACH)]
    assert broken_genealogy_laws(found, seen(**THREE), past) == []


def test_it_returns_with_other_users_at_its_place_and_with_its_users_elsewhere():
    _, past = after(seen(**THREE))
    past = absent(past, seen(**two()))
    assert ids(genealogy(seen(**two(), c=(2, users("new"))), past))[2] == "s0003"
    assert ids(genealogy(seen(**two(), c=(20, users("c"))), past))[2] == "s0003"


def test_what_is_born_elsewhere_of_others_is_not_what_was_absent():
    _, past = after(seen(**THREE))
    past = absent(past, seen(**two()))
    assert ids(genealogy(seen(**two(), d=(20, users("d"))), past))[2] == "s0004"


def test_of_two_that_could_be_it_one_is():
    _, past = after(seen(**THREE))
    past = absent(past, seen(**two()))
    found = genealogy(seen(**two(), c=(2, users("c")), d=(2, users("d"))), past)
    assert sorted(ids(found).values()) == ["s0001", "s0002", "s0003", "s0004"]
    assert ids(found)[2] == "s0003"


def test_after_windows_without_a_cluster_segments_survive_or_have_died_already():
    _, past = after(seen(**THREE))
    gap = Past(past.last, past.segments, {}, past.numbers, gap=True)
    found = genealogy(seen(**two()), gap)
    assert ids(found) == {0: "s0001", 1: "s0002"}
    assert "death" not in {e.kind for e in found.events}


def test_another_encoder_keeps_the_ids_by_members():
    _, past = after(seen(**THREE))
    changed = seen("another", c=(12, users("c")), a=(10, users("a")), b=(11, users("b")))
    found, _ = after(changed, past)
    assert ids(found) == {0: "s0003", 1: "s0001", 2: "s0002"}
    assert {e.evidence for e in found.events} == {"members"}


def test_an_empty_window_ends_what_was_there():
    _, past = after(seen(**THREE))
    found, _ = after(seen(), past)
    assert [e.kind for e in found.events] == ["death"] * 3


def test_several_interests_count_by_their_weights():
    one, other = seen(**THREE), seen(**THREE)
    halves = one.members.with_columns(weight=pl.lit(0.5))
    told = passage(Sighting(one.clusters, halves, "e"), other)
    np.testing.assert_allclose(told.flows, np.diag([EACH / 2] * 3))


@pytest.mark.parametrize(("number", "expected"), [(1, "s0001"), (9999, "s9999"), (12345, "s12345")])
def test_ids_have_four_digits_and_more_where_needed(number, expected):
    assert segment_id(number) == expected
