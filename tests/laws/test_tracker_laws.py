"""Named laws of following segments, on passages and windows of any kind."""

import numpy as np
import pytest
from following import Following, sighted
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from passages import unit

from interest_platform.dynamics.genealogy_frames import broken_genealogy_laws
from interest_platform.dynamics.identities import Past, genealogy
from interest_platform.dynamics.passage import Clusters, Passage
from interest_platform.dynamics.sightings import Sighting
from interest_platform.dynamics.tracker import transition

SHORT = settings(max_examples=15, deadline=None)
D = 12
ARITY = {"survive": (1, 1), "birth": (0, 1), "death": (1, 0)}


def clusters(rng, k):
    return Clusters(rng.integers(1, 200, k) * 1.0, unit(rng.standard_normal((k, D))), rng.uniform(0.1, 0.99, k))


@st.composite
def passages(draw, most=8, comparable=None):
    """Any two windows: up to 8 clusters in each, some of them where a cluster was, any flows."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    before, after = (clusters(rng, draw(st.integers(0, most))) for _ in range(2))
    same = min(len(before), len(after), draw(st.integers(0, most)))
    places = after.centroids.copy()
    places[:same] = unit(before.centroids[:same] + 0.05 * rng.standard_normal((same, D)))
    sparse = rng.random((len(before), len(after))) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    flows = sparse * rng.integers(0, 60, sparse.shape)
    flows[range(same), range(same)] += draw(st.sampled_from([0, 5, 80]))
    sides = before, Clusters(after.sizes, places, after.cohesion)
    return Passage(*sides, flows * 1.0, draw(st.booleans()) if comparable is None else comparable)


def relabelled(side, order):
    return Clusters(side.sizes[order], side.centroids[order], side.cohesion[order])


def told(found, before=None, after=None):
    """Events by the original numbers."""
    names = [lambda i, of=of: int(i if of is None else of[i]) for of in (before, after)]
    return sorted(
        (e.kind, tuple(sorted(map(names[0], e.parents))), tuple(sorted(map(names[1], e.children))))
        for e in found.events
    )


@SHORT
@given(passages())
def test_every_cluster_is_in_exactly_one_event(passage):
    found = transition(passage)
    assert sorted(i for e in found.events for i in e.parents) == list(range(len(passage.before)))
    assert sorted(j for e in found.events for j in e.children) == list(range(len(passage.after)))


@SHORT
@given(passages())
def test_events_are_of_their_kind_and_their_scores_are_probabilities(passage):
    found = transition(passage)
    for event in found.events:
        sides = len(event.parents), len(event.children)
        assert sides == ARITY.get(event.kind, sides)
        assert event.kind != "split" or (sides[0] == 1 and sides[1] in (2, 3))
        assert event.kind != "merge" or (sides[1] == 1 and sides[0] in (2, 3))
        assert 0.5 - 1e-9 <= event.score <= 1
        assert event.evidence in ("members", "geometry", "both", "none")
    assert 0 <= found.leaving <= 1
    assert found.drift > 0


@SHORT
@given(passages(most=7), st.randoms(use_true_random=False))
def test_clusters_with_other_numbers_have_the_same_events(passage, random):
    orders = [random.sample(range(len(side)), len(side)) for side in (passage.before, passage.after)]
    flows = passage.flows[np.ix_(*orders)].reshape(passage.flows.shape)
    sides = relabelled(passage.before, orders[0]), relabelled(passage.after, orders[1])
    one, other = transition(passage), transition(Passage(*sides, flows, passage.comparable))
    assume(all(event.score > 0.51 for event in one.events))  # two answers that are equally likely are equally right
    assert told(one) == told(other, *orders)
    assert one.drift == pytest.approx(other.drift)


@SHORT
@given(passages(), st.integers(0, 99))
def test_a_rotated_space_has_the_same_events(passage, seed):
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((D, D)))[0]
    sides = [Clusters(s.sizes, s.centroids @ turn, s.cohesion) for s in (passage.before, passage.after)]
    assert told(transition(Passage(*sides, passage.flows, passage.comparable))) == told(transition(passage))


@SHORT
@given(passages())
def test_the_same_passage_has_the_same_answer(passage):
    assert transition(passage) == transition(passage)


@SHORT
@given(passages(comparable=False), st.integers(0, 99))
def test_of_two_encoders_only_members_count(passage, seed):
    rng = np.random.default_rng(seed)
    sides = [
        Clusters(s.sizes, unit(rng.standard_normal((len(s), D + 3))), s.cohesion)
        for s in (passage.before, passage.after)
    ]
    assert told(transition(Passage(*sides, passage.flows, False))) == told(transition(passage))


@SHORT
@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_a_window_run_twice_is_the_same_window(k, seed):
    rng = np.random.default_rng(seed)
    now = clusters(rng, k)
    found = transition(Passage(now, now, np.diag(now.sizes)))
    assert told(found) == [("survive", (i,), (i,)) for i in range(k)]


def window(rng, k, users, encoder="e"):
    """Users, of whom some may have been there before, in up to k clusters."""
    names = [f"u{i}" for i in rng.choice(300, users, replace=False)]
    of = rng.integers(0, k, users)
    of = np.unique(of, return_inverse=True)[1] if users else of
    places = unit(np.eye(D)[rng.choice(D, max(int(of.max(initial=-1)) + 1, 0), replace=False)] + 0.1)
    return sighted(places.reshape(-1, D), dict(zip(names, of.tolist(), strict=True)), encoder)


def shuffled(now, rng):
    orders = [rng.permutation(frame.height).tolist() for frame in (now.clusters, now.members)]
    return Sighting(now.clusters[orders[0]], now.members[orders[1]], now.encoder)


@SHORT
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(1, 6), st.integers(0, 90)), min_size=1, max_size=6))
def test_ids_are_never_used_twice_and_every_window_adds_up(seed, sizes):
    rng = np.random.default_rng(seed)
    following, ended = Following(grace=2), set()
    for k, users in sizes:
        now, past = window(rng, k, users), following.past
        found = following.step(now)
        ids = {i.segment_id for i in found.identities}
        assert broken_genealogy_laws(found, now, past) == []
        assert not ids & ended
        new = [int(i.segment_id[1:]) for i in found.identities if i.new]
        assert new == list(range(past.numbers + 1, past.numbers + 1 + len(new)))
        ended |= {p for e in found.events if e.kind in ("split", "merge") for p in e.parents}
        kinds = [e.kind for e in found.events for _ in e.children]
        assert len(kinds) == now.clusters.height == len(ids)


@SHORT
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(1, 6), st.integers(1, 90)), min_size=2, max_size=4))
def test_rows_in_any_order_give_the_same_ids(seed, sizes):
    rng = np.random.default_rng(seed)
    windows = [window(rng, *size) for size in sizes]
    one, other = Following(), Following()
    for now in windows:
        assert one.step(now).identities == other.step(shuffled(now, rng)).identities


@pytest.mark.parametrize("users", [0, 1])
def test_nobody_and_one_user(users):
    rng = np.random.default_rng(0)
    following = Following()
    for _ in range(3):
        found = following.step(window(rng, 1, users))
        assert [i.segment_id for i in found.identities] == ["s0001"] * users or users
    assert len(following.past.segments) == users


def far(*axes, users):
    """Clusters on these axes, each with its own users by their prefix."""
    return sighted(np.eye(D)[list(axes)], {f"{p}{n}": c for c, p in enumerate(users) for n in range(40)})


def test_all_users_new_at_the_same_places_are_the_same_segments_and_elsewhere_others():
    following = Following()
    first = following.step(far(0, 1, 2, users="abc"))
    second = following.step(far(0, 1, 2, users="def"))
    assert [i.segment_id for i in second.identities] == [i.segment_id for i in first.identities]
    third = following.step(far(5, 6, 7, users="ghi"))
    assert not {i.segment_id for i in third.identities} & {i.segment_id for i in second.identities}


def test_a_single_cluster_stays_itself():
    following = Following()
    assert {following.step(far(0, users="a")).identities[0].segment_id for _ in range(4)} == {"s0001"}


@pytest.mark.parametrize("grace", [0, 1, 3])
def test_a_segment_returns_after_grace_windows_and_not_after_one_more(grace):
    for away in range(1, grace + 2):
        following = Following(grace)
        following.step(far(0, 1, 2, users="abc"))
        for _ in range(away):
            following.step(far(0, 1, users="ab"))
        back = following.step(far(0, 1, 2, users="abc")).identities[2].segment_id
        assert back == ("s0003" if away <= grace else "s0004")


def test_another_encoder_keeps_ids_by_members():
    following = Following()
    following.step(far(0, 1, 2, users="abc"))
    members = {f"{p}{n}": c for c, p in enumerate("cab") for n in range(40)}
    found = following.step(sighted(np.eye(5)[:3], members, encoder="another"))
    assert [i.segment_id for i in found.identities] == ["s0003", "s0001", "s0002"]
    assert {i.evidence for i in found.identities} == {"members"}


def test_a_first_window_is_births():
    found = genealogy(far(0, 1, users="ab"), Past())
    assert [e.kind for e in found.events] == ["birth", "birth"]
