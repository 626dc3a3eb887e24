from datetime import datetime, timedelta
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_platform.domain.dynamics_tables import USER_MOVES
from interest_platform.domain.windows import Window
from interest_platform.dynamics.moves import broken_move_laws, moves_off, user_moves
from interest_platform.dynamics.sides import Side
from interest_platform.errors import ContractError
from interest_platform.interests import as_matrix, user_interests

WEEKS = [Window(datetime(2024, 1, 1) + timedelta(weeks=i), datetime(2024, 1, 8) + timedelta(weeks=i)) for i in range(4)]
BEFORE, AFTER = WEEKS[2], WEEKS[3]
LIST = pl.List(pl.Float32)
HALF_LIFE = 7.0
A, B = [1.0, 0.0], [0.0, 1.0]
ROOT = 2**-0.5


def texts(*rows):
    """Rows of (user, week, days after its start, hash); a text's id is its user, week and hash."""
    starts = [WEEKS[week].start for _, week, _, _ in rows]
    return pl.DataFrame(
        {
            "user_key": [r[0] for r in rows],
            "window_start": starts,
            "text_id": [f"{u}-{week}-{h}" for u, week, _, h in rows],
            "text_hash": [r[3] for r in rows],
            "ts": [start + timedelta(days=r[2]) for start, r in zip(starts, rows, strict=True)],
        },
        schema_overrides={"window_start": pl.Datetime("us"), "ts": pl.Datetime("us")},
    )


def vectors(**by_hash):
    return pl.DataFrame(
        {"text_hash": list(by_hash), "vector": list(by_hash.values())}, schema_overrides={"vector": LIST}
    )


def unit(*values):
    return (np.array(values, float) / np.linalg.norm(values)).tolist()


VECTORS = vectors(a=A, a2=A, b=B, b2=B, ab=unit(1, 1))


def side(window, frame, known, lookback, centroids, segments=None, half_life=HALF_LIFE):
    """The window's users as the platform makes them, each in `segments` or in the nearest centroid's."""
    back = WEEKS[max(0, WEEKS.index(window) - lookback + 1) : WEEKS.index(window) + 1]
    counted = frame.filter(pl.col("window_start").is_in([w.start for w in back]))
    interests = user_interests(
        counted, known, window, half_life_days=half_life, min_texts=1, windows_present=len(back), encoder="e"
    )
    names = sorted(centroids)
    places = np.array([centroids[n] for n in names])
    x = as_matrix(interests["vector"]).reshape(interests.height, places.shape[1])
    nearest = [names[i] for i in (x @ places.T).argmax(1)]
    given_segments = nearest if segments is None else [segments[u] for u in interests["user_key"]]
    users = interests.select("user_key", pl.Series("segment_id", given_segments, pl.String), "vector")
    places = pl.DataFrame(
        {"segment_id": names, "centroid": [centroids[n] for n in names]}, schema_overrides={"centroid": LIST}
    )
    return Side(window, users, places, back)


def moves(frame, c0, c1=None, *, lookback=1, known=VECTORS, segments=(None, None), half_life=HALF_LIFE):
    before = side(BEFORE, frame, known, lookback, c0, segments[0], half_life)
    after = side(AFTER, frame, known, lookback, c1 or c0, segments[1], half_life)
    found = user_moves(before, after, frame, known, half_life)
    assert broken_move_laws(found, before, after) == [] and moves_off(found, before, after) == 0
    return found


def told(found, user="u"):
    row = found.filter(pl.col("user_key") == user).row(0, named=True)
    return row["cause"], *(
        pytest.approx(row[name], abs=1e-7) for name in ("margin", "new_texts", "decay", "clustering")
    )


TWO = {"s1": A, "s2": B}


def test_a_user_who_wrote_about_something_else():
    # d = B - A throughout. x0 = A: -1; x1 = B: 1; nothing left, nothing written: 0. With both and no time gone by
    # the two texts weigh the same, (A + B)/sqrt 2: 0. decay = ((0 - -1) + (1 - 0))/2, new = ((0 - -1) + (1 - 0))/2
    found = moves(texts(("u", 2, 1, "a"), ("u", 3, 1, "b")), TWO)
    assert told(found) == ("new_texts", 2.0, 1.0, 1.0, 0.0)
    assert found.row(0)[:3] == ("u", "s1", "s2")
    # equal parts: the old text is gone, the new one came
    assert found["text_ids"].to_list() == [["u-2-a", "u-3-b"]]
    assert found["text_parts"].to_list() == [pytest.approx([1, 1])]


def test_nothing_decays_in_a_long_lookback_without_half_life():
    # x0 = A; x1 = (A + 2B)/sqrt 5: margin 1/sqrt 5 + 1
    frame = texts(("u", 2, 1, "a"), ("u", 3, 1, "b"), ("u", 3, 2, "b2"))
    found = moves(frame, TWO, lookback=4, half_life=1e8)
    margin = 5**-0.5 + 1
    assert told(found) == ("new_texts", pytest.approx(margin), pytest.approx(margin), 0.0, 0.0)
    # b2 is later by a hair; it and b each gain 1/sqrt 5; a, which was all, keeps 1/sqrt 5 of 1
    assert found["text_ids"][0].to_list() == ["u-2-a", "u-3-b2", "u-3-b"]
    assert found["text_parts"][0].to_list() == pytest.approx([1 - 5**-0.5, 5**-0.5, 5**-0.5])


def test_a_user_who_wrote_nothing_and_forgot_the_older_texts():
    # texts of week 1, half a weight each, drop out of two weeks' lookback; b of week 2 stays. x0 = (1 + r, 1 + r) /
    # length with r = .5/sqrt 2 of ab, midway: 0; x1 = B: 1
    frame = texts(("u", 1, 1, "a"), ("u", 1, 1, "a2"), ("u", 2, 1, "b"), ("u", 1, 1, "ab"))
    found = moves(frame, TWO, lookback=2, segments=({"u": "s1"}, {"u": "s2"}))
    assert told(found) == ("decay", 1.0, 0.0, 1.0, 0.0)
    # ab drops out too, but lies between the segments and counts for neither
    length = 2**0.5 * (1 + 0.5 * ROOT)
    assert found["text_ids"][0].to_list() == ["u-2-b", "u-1-a", "u-1-a2"]
    assert found["text_parts"][0].to_list() == pytest.approx([1 - 1 / length, 0.5 / length, 0.5 / length])


def test_only_the_texts_of_the_strongest_interest_count_on_either_side():
    # u has two interests, a and b, in both weeks; a was the stronger, now b is: x0 = A, x1 = B
    frame = texts(("u", 2, 1, "a"), ("u", 2, 1, "b"), ("u", 3, 1, "a2"), ("u", 3, 1, "b2"))
    one = pl.DataFrame({"user_key": ["u"], "vector": [A]}, schema_overrides={"vector": LIST})
    places = pl.DataFrame({"segment_id": ["s1", "s2"], "centroid": [A, B]}, schema_overrides={"centroid": LIST})
    sides = [
        Side(
            week,
            one.with_columns(segment_id=pl.lit(segment), vector=pl.lit(pl.Series([vector]), LIST)),
            places,
            [week],
            pl.DataFrame({"user_key": ["u"], "text_hash": [elsewhere]}),
        )
        for week, segment, vector, elsewhere in ((BEFORE, "s1", A, "b"), (AFTER, "s2", B, "a2"))
    ]
    found = user_moves(sides[0], sides[1], frame, VECTORS, HALF_LIFE)
    assert broken_move_laws(found, *sides) == [] and moves_off(found, *sides) == 0
    assert found["margin"].to_list() == pytest.approx([2.0])
    assert found["text_ids"].to_list() == [["u-2-a", "u-3-b2"]]


def test_a_user_who_stood_still_while_centroids_moved():
    # the same text again: x0 = x1 = (A + B)/sqrt 2
    frame = texts(("u", 2, 1, "ab"), ("u", 3, 1, "ab"))
    c0, c1 = {"s1": unit(2, 1), "s2": B}, {"s1": A, "s2": unit(1, 2)}
    found = moves(frame, c0, c1)
    x = np.array([ROOT, ROOT])
    margin = x @ (np.array(unit(1, 2)) - A) - x @ (np.array(B) - unit(2, 1))
    assert told(found)[:2] == ("clustering", pytest.approx(margin))
    assert found["clustering"][0] == pytest.approx(margin)
    assert found["new_texts"][0] + found["decay"][0] == pytest.approx(0, abs=1e-12)


def test_a_segment_that_split_under_its_users_is_measured_against_what_was_there():
    # s1 is gone, s2 lies nearest to where it lay, s3 is new beside it: d0 = 0, d1 = 0 for s2 and s3 - s2 for s3
    frame = texts(("u", 2, 1, "ab"), ("u", 3, 1, "ab"), ("v", 2, 1, "b"), ("v", 3, 1, "b"))
    found = moves(frame, {"s1": unit(1, 1)}, {"s2": unit(1, 1.1), "s3": B}, lookback=4)
    assert told(found, "u") == ("clustering", 0.0, 0.0, 0.0, 0.0)
    margin = np.array(B) @ (np.array(B) - unit(1, 1.1))
    assert told(found, "v") == ("clustering", pytest.approx(margin), 0.0, 0.0, pytest.approx(margin))
    # v wrote b again: the new text stands where the old one stood, which fades by as much
    assert found["text_ids"].to_list() == [[], ["v-3-b"]]


def test_only_users_of_both_windows_whose_segment_changed():
    frame = texts(("gone", 2, 1, "a"), ("new", 3, 1, "b"), ("same", 2, 1, "a"), ("same", 3, 1, "a"))
    assert moves(frame, TWO).is_empty()


def test_a_text_repeated_in_a_window_is_told_once_by_its_latest_row():
    frame = texts(("u", 2, 1, "a"), ("u", 3, 1, "b"), ("u", 3, 2, "b")).with_columns(
        text_id=pl.Series(["old", "early", "late"])
    )
    assert moves(frame, TWO)["text_ids"].to_list() == [["late", "old"]]


def test_texts_that_cancel_out_are_stood_for_by_the_latest():
    known = vectors(a=A, minus=[-1.0, 0.0], b=B)
    frame = texts(("u", 2, 1, "minus"), ("u", 2, 1, "a"), ("u", 3, 1, "b"))
    assert told(moves(frame, TWO, known=known))[1] == pytest.approx(2.0)


def test_a_segment_without_a_centroid_is_told():
    frame = texts(("u", 2, 1, "a"), ("u", 3, 1, "b"))
    with pytest.raises(ContractError, match="segment s9 has users in"):
        moves(frame, TWO, segments=({"u": "s9"}, {"u": "s1"}))


def test_the_laws_tell_what_is_broken():
    frame = texts(("u", 2, 1, "a"), ("u", 3, 1, "b"))
    before, after = (side(w, frame, VECTORS, 1, TWO) for w in (BEFORE, AFTER))
    found = user_moves(before, after, frame, VECTORS, HALF_LIFE)
    assert broken_move_laws(found.clear(), before, after) == ["the moves are not those of the users who moved"]
    more = found.with_columns(pl.col("decay") + 0.1)
    assert broken_move_laws(more, before, after) == ["the parts of a move do not add up to its margin"]
    other = user_moves(before, after, frame, vectors(a=A, b=unit(1, 2)), HALF_LIFE)
    assert broken_move_laws(other, before, after) == []
    assert (moves_off(found, before, after), moves_off(other, before, after)) == (0, 1)


def test_the_result_is_the_tables():
    for rows in ([("u", 2, 1, "a"), ("u", 3, 1, "b")], [("u", 2, 1, "a")]):
        found = moves(texts(*rows), TWO)
        USER_MOVES.check(USER_MOVES.conform(found, AFTER.start), AFTER.start)


@st.composite
def histories(draw):
    """Texts of three users over four weeks, centroids that move and may come or go, and the settings."""
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from("uvw"), st.integers(0, 3), st.integers(0, 6), st.sampled_from("pqrst")),
            min_size=1, max_size=14, unique=True,
        )
    )  # fmt: skip
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    known = vectors(**{h: unit(*random.normal(size=4)) for h in "pqrst"})
    sides = []
    for _ in range(2):
        names = draw(st.lists(st.sampled_from(["s1", "s2", "s3", "s4"]), min_size=1, unique=True))
        sides.append({name: unit(*random.normal(size=4)) for name in sorted(names)})
    return texts(*rows), known, *sides, draw(st.sampled_from([1, 2, 4])), draw(st.sampled_from([0.5, 7.0, 1e8]))


@given(histories(), st.integers(0, 99))
@settings(deadline=None, max_examples=80)
def test_parts_add_up_causes_that_did_nothing_have_none_and_rows_have_no_order(history, seed):
    frame, known, c0, c1, lookback, half_life = history
    found = moves(frame, c0, c1, lookback=lookback, known=known, half_life=half_life)
    # every user is nearest to the own segment's centroid, so a move never lost anything
    assert (found["margin"] > -1e-6).all()
    wrote = set(frame.filter(pl.col("window_start") == AFTER.start)["user_key"])
    silent = found.filter(~pl.col("user_key").is_in(wrote))
    assert silent["new_texts"].abs().max() in (None, pytest.approx(0, abs=1e-9))
    if half_life == 1e8 and lookback == 4:
        assert found["decay"].abs().max() in (None, pytest.approx(0, abs=1e-6))
    if c0 == c1:
        assert found["clustering"].abs().max() in (None, pytest.approx(0, abs=1e-12))
    before, after = (side(w, frame, known, lookback, c, None, half_life) for w, c in ((BEFORE, c0), (AFTER, c1)))
    shuffled = [rows.sample(fraction=1, shuffle=True, seed=seed) for rows in (frame, known)]
    assert user_moves(before, after, *shuffled, half_life).equals(found)


def world(frame, known, user, half_life, *, aged, written, lookback):
    """The user's vector, written out: the brute-force twin."""
    age = (AFTER if aged else BEFORE).end
    first = (3 if aged else 2) - lookback + 1
    weights = {}
    for owner, start, hash_, ts in frame.select("user_key", "window_start", "text_hash", "ts").iter_rows():
        week = [w.start for w in WEEKS].index(start)
        if owner != user or (week == 3 and not written) or (week < 3 and week < first):
            continue
        end = AFTER.end if week == 3 else age
        weights[start, hash_] = max(weights.get((start, hash_), 0), 2 ** (-(end - ts) / timedelta(days=half_life)))
    by_hash = dict(known.iter_rows())
    total = sum((w * np.array(by_hash[h], float) for (_, h), w in weights.items()), np.zeros(4))
    return total / np.linalg.norm(total) if weights else total


@given(histories())
@settings(deadline=None, max_examples=40)
def test_parts_are_shapleys_over_all_orders_of_the_causes(history):
    frame, known, c0, _, lookback, half_life = history
    c1 = {name: unit(*(np.array(place) + 0.4)) for name, place in c0.items()}
    for row in moves(frame, c0, c1, lookback=lookback, known=known, half_life=half_life).iter_rows(named=True):
        user, old, new = row["user_key"], row["from_segment"], row["to_segment"]
        deltas = [np.array(c[new]) - np.array(c[old]) for c in (c0, c1)]

        def value(done, user=user, deltas=deltas):
            aged, written = "decay" in done, "new_texts" in done
            x = world(frame, known, user, half_life, aged=aged, written=written, lookback=lookback)
            return x @ deltas["clustering" in done]

        # the user's two causes stay together, before or after the centroids' (Owen)
        orders = [o for o in permutations(["decay", "new_texts", "clustering"]) if o[1] != "clustering"]
        for cause in ("decay", "new_texts", "clustering"):
            gains = [value(o[: o.index(cause) + 1]) - value(o[: o.index(cause)]) for o in orders]
            assert row[cause] == pytest.approx(np.mean(gains), abs=1e-6)
