"""Planted passages: sizes add up, users return as said, and what is planted is what is told."""

import numpy as np
import pytest

from interest_platform.dynamics.geometry import chords
from interest_platform.dynamics.planted.ground import JITTER, Ground, unit
from interest_platform.dynamics.planted.places import beside, halves, rotated, usual_distance
from interest_platform.dynamics.planted.plan import FEWEST, GROWN, TOUCHED, Change, Plan, plans
from interest_platform.dynamics.planted.scene import scene


def ground(sizes=(60, 50, 40, 30, 20), dimensions=16, noise=0.4, returning=0.75, seed=0) -> Ground:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = unit(rng.normal(size=(len(sizes), dimensions)))
    vectors = unit(centres[labels] + noise * rng.normal(size=(len(labels), dimensions)) / 4)
    return Ground(vectors.astype(np.float32), labels, returning, len(labels))


@pytest.mark.parametrize("size", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_plans_plant_each_kind_once_in_clusters_of_their_own(size, seed):
    land = ground()
    made = list(plans(land, size, np.random.default_rng(seed)))
    kinds = [c.kind for plan in made for c in plan.changes]
    assert sorted(set(kinds)) == sorted(kinds)
    for plan in made:
        touched = [c for change in plan.changes for c in change.clusters]
        assert len(set(touched)) == len(touched) and plan.size == size
        assert sum(change.users for change in plan.changes) <= TOUCHED * land.users
        assert all(n <= GROWN * land.sizes[c] for c, n in plan.sizes.items())
        assert all(change.users == round(size * land.users) for change in plan.changes)


def test_what_does_not_fit_is_left_out():
    few = ground((5,))
    assert not list(plans(few, 0.5, np.random.default_rng(0)))  # 2 users
    one = ground((100,))
    kinds = {c.kind for plan in plans(one, 0.2, np.random.default_rng(0)) for c in plan.changes}
    assert kinds == {"birth"}  # a single cluster has none beside it that would stay as it is
    small = ground((200, *[10] * 20))
    kinds = {c.kind for plan in plans(small, 0.4, np.random.default_rng(0)) for c in plan.changes}
    assert "merge" not in kinds  # no small cluster can hold half of 160 users even when grown
    gone = ground(returning=0.0)
    assert "move" not in {c.kind for plan in plans(gone, 0.1, np.random.default_rng(0)) for c in plan.changes}


def test_a_scene_by_the_numbers():
    land = ground()  # 200 users, three of four return
    changes = (
        Change("split", (0,), 20),
        Change("merge", (1, 2), 21),
        Change("death", (3,), 20),
        Change("birth", (), 20),
    )
    found = scene(land, Plan(0.1, changes[:3]), np.random.default_rng(1))
    assert np.bincount(found.before.segments).tolist() == [20, 11, 10, 20, 139]
    # 20 of 200 die; three of four of the other 180 return, and others come in the place of the rest
    back = found.after.users < 200
    assert len(found.after.users) == 180 and back.sum() == 135 and len(set(found.after.users)) == 180
    assert found.truth == {("split", (0,), (5, 6)), ("merge", (1, 2), (7,)), ("death", (3,), ())}
    before = found.before.segments[found.after.users[back]]
    became = {(int(a), int(b)) for a, b in zip(before, found.after.segments[back], strict=True)}
    assert became == {(0, 5), (0, 6), (1, 7), (2, 7), (4, 4)}
    assert {*found.true_ids} == {"s4", "n5", "n6", "n7"}
    halves_of = np.bincount(found.after.segments, minlength=8)[5:7]
    assert abs(int(halves_of[0]) - int(halves_of[1])) <= 1
    born = scene(land, Plan(0.1, changes[3:]), np.random.default_rng(1))
    newborn = born.after.users[born.after.segments == 5]
    assert len(born.after.users) == 220 and len(newborn) == 20 and (newborn >= 200).all()


def test_nothing_planted_is_no_truth_and_the_windows_own_vectors():
    land = ground()
    found = scene(land, Plan(0.0, ()), np.random.default_rng(0))
    assert not found.truth and np.bincount(found.before.segments).tolist() == land.sizes.tolist()
    assert {v.tobytes() for v in found.before.vectors} == {v.tobytes() for v in land.vectors}
    assert np.allclose(np.linalg.norm(found.after.vectors, axis=1), 1, atol=1e-6)


def test_movers_come_from_everywhere_and_leave_half_behind():
    land = ground()
    still = scene(land, Plan(0.0, ()), np.random.default_rng(3))
    moved = scene(land, Plan(0.2, (Change("move", (4,), 40),)), np.random.default_rng(3))
    assert not moved.truth and np.array_equal(still.after.users, moved.after.users)
    changed = still.after.segments != moved.after.segments
    assert changed.sum() == 40 and (moved.after.segments[changed] == 4).all()
    assert (moved.after.users[changed] < 200).all()
    back = still.after.users < 200
    for segment in range(4):
        own = back & (still.after.segments == segment)
        assert 0 < (changed & own).sum() <= own.sum() // 2


def test_drawn_vectors_are_like_the_clusters():
    land = ground((400, 400), noise=0.6)
    own, drawn = land.vectors[land.labels == 0], land.draw(0, 20_000, np.random.default_rng(0))
    assert np.abs(drawn.mean(axis=0) - own.mean(axis=0)).max() < 0.02
    spread, expected = drawn.var(axis=0).sum(), own.var(axis=0).sum()
    assert spread == pytest.approx(expected, rel=0.05) and 0 < JITTER < 1
    assert len(np.unique(drawn, axis=0)) > 18_000  # of 160,000 pairs of members


def test_a_cluster_is_grown_by_drawing():
    land = ground()
    assert len(land.real(4, 12, np.random.default_rng(0))) == 12
    grown = land.real(4, 35, np.random.default_rng(0))
    assert len(grown) == 35
    assert {v.tobytes() for v in grown[:20].astype(np.float32)} == {v.tobytes() for v in land.vectors[land.labels == 4]}


def test_rotation_takes_one_place_to_the_other_and_keeps_distances():
    land = ground()
    one, other = land.centroids[:2]
    members = land.vectors[:60].astype(np.float64)
    turned = rotated(members, one, other)
    assert np.allclose(rotated(one[None], one, other)[0], other) and np.allclose(members @ members.T, turned @ turned.T)
    assert np.allclose(members @ one, turned @ other)
    assert np.allclose(rotated(members, one, one), members)
    assert np.allclose(rotated(one[None], one, -one)[0], -one)


def test_planted_segments_lie_as_far_apart_as_the_windows_own():
    land = ground()
    usual, rng = usual_distance(land), np.random.default_rng(0)
    apart = chords(land.centroids, land.centroids) + 9 * np.eye(5)
    assert usual == pytest.approx(np.median(apart.min(axis=1)))
    parts = halves(land, 0, rng)
    assert chords(parts, parts)[0, 1] == pytest.approx(usual)
    assert unit(parts.sum(axis=0)) @ land.centroids[0] == pytest.approx(1)
    new = beside(land, 1, rng)
    assert chords(new[None], land.centroids)[0, 1] == pytest.approx(usual)
    assert chords(new[None], land.centroids).min() > 0.8 * usual


def test_one_cluster_tells_its_own_radius():
    one = ground((50,))
    assert usual_distance(one) == pytest.approx(float(np.median(chords(one.centroids, one.vectors))))
    assert FEWEST == 8
