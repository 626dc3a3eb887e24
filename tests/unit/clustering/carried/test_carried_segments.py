"""What carried segments promise: they go on, change on evidence alone, and depend on nothing but what was written."""

import numpy as np
import pytest

from interest_platform.clustering.carried import carry, history
from interest_platform.clustering.carried.clustering import placed

TOPICS = 40
"""Dimensions; a topic is an axis."""


def window(rng, groups, users, *, texts=4, noise=0.12):
    """Vectors (n, d), keys and halves of users who write `texts` texts each about the axis of their group."""
    vectors, halves = [], []
    for group in groups:
        told = np.eye(TOPICS)[group] + noise * rng.normal(size=(texts, TOPICS))
        told /= np.linalg.norm(told, axis=1, keepdims=True)
        length = np.linalg.norm(told.sum(axis=0))
        vectors.append(told.sum(axis=0) / length)
        halves.append(told[::2].sum(axis=0) / length)
    return np.array(vectors, np.float32), list(users), np.array(halves, np.float32)


def stream(plan, *, seed=0, noise=0.3):
    """Windows of (groups, users): a dict of user to group each."""
    rng = np.random.default_rng(seed)
    return [window(rng, each.values(), each.keys(), noise=noise) for each in plan]


def followed(windows, detail="normal"):
    """The carried result of each window, in the order of its rows, with its lineages."""
    state, found = None, []
    for number in range(len(windows)):
        parts = windows[: number + 1]
        told, place = history(*([part[each] for part in parts] for each in range(3)))
        result = carry(told, state, str(number), detail)
        state = result.state
        found.append((result, np.array(state.lineages)[result.posterior.argmax(axis=1)][place]))
    return found


def members(count, groups, first=0):
    return {f"u{first + n:04d}": groups[n % len(groups)] for n in range(count)}


def kinds(result):
    return [change.kind for change in result.changes]


def test_users_who_go_on_writing_about_the_same_keep_the_same_segments():
    plan = [members(120, (0, 1, 2)) for _ in range(6)]
    found = followed(stream(plan))
    assert [result.state.k for result, _ in found] == [3] * 6
    assert kinds(found[0][0]) == ["birth"] * 3
    assert all(not result.changes for result, _ in found[1:])
    assert all(np.array_equal(labels, found[0][1]) for _, labels in found)


def test_users_whose_halves_agree_on_nothing_stay_one_segment():
    rng = np.random.default_rng(3)
    plan = [{f"u{n:04d}": int(rng.integers(TOPICS)) for n in range(120)} for _ in range(4)]
    windows = []
    for each in plan:  # every text of a user is about something else
        vectors, users, halves = window(rng, each.values(), each.keys(), noise=3.0)
        windows.append((vectors, users, halves))
    assert [result.state.k for result, _ in followed(windows)] == [1] * 4


def test_newcomers_with_a_topic_of_their_own_are_a_birth_and_the_others_keep_their_ids():
    old = members(120, (0, 1, 2))
    plan = [old, old, old, old | members(45, (5,), first=500), old | members(45, (5,), first=500)]
    found = followed(stream(plan))
    assert kinds(found[3][0]) == ["birth"]
    new = {label for label, user in zip(found[3][1], plan[3], strict=True) if user >= "u0500"}
    assert new == set(found[3][0].changes[0].children)
    assert np.array_equal(found[4][1][:120], found[0][1])


def test_a_segment_whose_users_fall_silent_dies_once_and_its_users_of_then_stay_its_own():
    old = members(160, (0, 1, 2, 3))
    left = {user: group for user, group in old.items() if group}
    found = followed(stream([old, old, old, old, left, left]))
    dead = found[0][1][0]
    told = [(number, change) for number, (result, _) in enumerate(found) for change in result.changes if number]
    assert [(change.kind, change.parents) for _, change in told] == [("death", (dead,))]
    assert told[0][0] in (4, 5)
    assert dead in found[5][0].state.ended_lineages


def test_segments_whose_users_write_about_both_topics_merge():
    old = members(160, (0, 1, 2, 3))
    rng = np.random.default_rng(1)
    plan = [old] * 4
    windows = stream(plan)
    for _ in range(2):
        mixed = {u: (int(rng.integers(2)) if group < 2 else group) for u, group in old.items()}
        windows.append(window(rng, mixed.values(), mixed.keys(), noise=0.3))
    found = followed(windows)
    merges = [change for result, _ in found for change in result.changes if change.kind == "merge"]
    assert [change.parents for change in merges] == [tuple(sorted({found[0][1][0], found[0][1][1]}))]


def test_the_order_of_rows_changes_nothing():
    plan = [members(90, (0, 1, 2)), members(90, (0, 1, 2)) | members(40, (5,), first=500)] * 2
    windows = stream(plan)
    rng = np.random.default_rng(9)
    shuffled = []
    for vectors, users, halves in windows:
        order = rng.permutation(len(users))
        shuffled.append((vectors[order], [users[n] for n in order], halves[order]))
    for (one, labels), (other, told), (_, users, _), (_, mixed, _) in zip(
        followed(windows), followed(shuffled), windows, shuffled, strict=True
    ):
        assert one.changes == other.changes
        assert np.array_equal(one.state.centroids, other.state.centroids)
        assert dict(zip(users, labels, strict=True)) == dict(zip(mixed, told, strict=True))


def test_a_returning_users_past_decides_where_the_texts_of_now_do_not():
    plan = [members(60, (0, 1))] * 4
    windows = stream(plan, noise=0.4)
    first, second = plan[0]["u0000"], plan[0]["u0001"]
    between = np.zeros(TOPICS, np.float32)
    between[[first, second]] = 1 / np.sqrt(2)
    for user in (0, 1):  # one user of each segment writes right between the two
        windows[3][0][user] = between
        windows[3][2][user] = between / 2
    found = followed(windows)
    assert [result.state.k for result, _ in found] == [2] * 4
    assert list(found[3][1][:2]) == list(found[0][1][:2])
    assert found[3][1][0] != found[3][1][1]


def test_a_finer_detail_gives_at_least_as_many_segments():
    windows = stream([members(180, (0, 1, 2, 3, 4, 5))], noise=0.5)
    k = {detail: followed(windows, detail)[0][0].state.k for detail in ("coarse", "normal", "fine")}
    assert k["coarse"] <= k["normal"] <= k["fine"]
    assert k["fine"] > 1


def test_a_cluster_is_a_segment_with_users_and_has_their_mean_for_its_centroid():
    plan = [members(90, (0, 1, 2)), {u: g for u, g in members(90, (0, 1, 2)).items() if g < 2}]
    windows = stream(plan)
    state = followed(windows[:1])[0][0].state
    told, place = history(*([part[each] for part in windows] for each in range(3)))
    result = carry(told, state, "1")
    shown = placed(result, told, place)
    clustering = shown.clustering
    assert result.state.k == 3  # one window is too little to say that the third is gone
    assert clustering.k == 2 == len(shown.clusters)
    for cluster in range(2):
        mean = windows[1][0][clustering.labels == cluster].sum(axis=0, dtype=np.float64)
        assert np.allclose(clustering.centroids[cluster], mean / np.linalg.norm(mean), atol=1e-5)
    assert np.array_equal(clustering.membership.argmax(axis=1), clustering.labels)
    assert np.allclose(clustering.membership.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("texts", [1, 2])
def test_a_window_of_one_user_is_one_segment(texts):
    vectors, users, halves = window(np.random.default_rng(0), [0], ["only"], texts=texts)
    told, place = history([vectors], [users], [halves if texts > 1 else np.full_like(halves, np.nan)])
    result = carry(told, None, "0")
    assert result.state.lineages == ("0.1",)
    assert placed(result, told, place).clustering.structure == "none"


def test_the_texts_of_a_segment_that_ended_long_ago_pull_no_segment_away():
    old, left = members(80, (0, 1)), {u: g for u, g in members(80, (0, 1)).items() if g}
    found = followed(stream([old] * 3 + [left] * 20))
    alive = found[2][1][1]
    assert found[0][1][0] in found[-1][0].state.ended_lineages
    assert all(set(labels) == {alive} for _, labels in found[4:])


def test_a_beginning_in_mid_history_has_no_more_segments_than_its_window_can_fill():
    windows = [*stream([members(200, tuple(range(12)))] * 3), *stream([members(24, tuple(range(12)))], seed=1)]
    told, _ = history(*([part[each] for part in windows] for each in range(3)))
    assert carry(told, None, "3").state.k == 3  # 24 users, eight a segment


def test_k_range_holds_whatever_the_evidence_says():
    windows = stream([members(120, (0, 1, 2, 3))] * 3)
    state = None
    for number, (low, high) in enumerate([(1, 2), (6, 8), (3, 3)]):
        told, _ = history(*([part[each] for part in windows[: number + 1]] for each in range(3)))
        state = carry(told, state, str(number), k_range=(low, high)).state
        assert low <= state.k <= high


def test_a_finer_cut_of_a_segment_is_no_birth():
    """A tenth of the users turn from a topic to its near neighbour: as near as nothing else is to anything."""
    rng = np.random.default_rng(11)
    before = [window(rng, [n % 4 for n in range(160)], [f"u{n}" for n in range(160)], noise=0.2) for _ in range(3)]
    vectors, users, halves = window(rng, [n % 4 for n in range(160)], [f"u{n}" for n in range(160)], noise=0.2)
    near, far = np.eye(TOPICS)[0] + 0.45 * np.eye(TOPICS)[9], np.eye(TOPICS)[9]
    kept = []
    for direction in (near, far):
        now = vectors.copy()
        now[::8] = direction / np.linalg.norm(direction)
        found = followed([*before, (now, users, np.zeros_like(halves))])[-1][0]
        kept.append(kinds(found))
    assert kept == [[], ["birth"]]


def test_what_one_window_hardly_shows_is_provisional_and_dated_back_when_the_next_one_confirms_it():
    """Of 30 users of a segment 7 are left, beside 60 others: 3.7 standard errors, where one window needs 4.5."""
    whole = members(90, (0, 1, 2))
    left = {user: group for number, (user, group) in enumerate(whole.items()) if group or number < 21}
    found = [result for result, _ in followed(stream([whole] * 5 + [left] * 2, noise=0.2))]
    assert not found[4].provisional
    assert not found[5].changes
    assert [text.split(": ")[1] for text in found[5].provisional] == ["7 users where 22 were expected"]
    assert [(change.kind, change.windows) for change in found[6].changes] == [("death", 1)]
    assert not found[6].provisional
