from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from interest_platform.domain.tables import USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError, EncoderError, MixedEncodersError
from interest_platform.interests import as_lists, as_matrix, user_interests
from interest_platform.interests.decay import counted_texts, one_a_text, text_shares

WINDOW = Window(datetime(2024, 1, 8), datetime(2024, 1, 15))
BEFORE = datetime(2024, 1, 1)
LIST = pl.List(pl.Float32)


def texts(*rows):
    """Rows of (user, hash, days before the window's end)."""
    ends = [WINDOW.end - timedelta(days=days) for _, _, days in rows]
    return pl.DataFrame(
        {
            "user_key": [u for u, _, _ in rows],
            "window_start": [WINDOW.start if ts >= WINDOW.start else BEFORE for ts in ends],
            "text_hash": [h for _, h, _ in rows],
            "ts": ends,
        },
        schema={
            "user_key": pl.String,
            "window_start": pl.Datetime("us"),
            "text_hash": pl.String,
            "ts": pl.Datetime("us"),
        },
    )


def vectors(**by_hash):
    return pl.DataFrame(
        {"text_hash": list(by_hash), "vector": list(by_hash.values())}, schema_overrides={"vector": LIST}
    )


def interests(frame, known, half_life_days=7.0, min_texts=1):
    return user_interests(
        frame, known, WINDOW, half_life_days=half_life_days, min_texts=min_texts, windows_present=2, encoder="e1"
    )


AXES = vectors(x=[1.0, 0.0], y=[0.0, 1.0], minus_x=[-1.0, 0.0])


def test_a_text_one_half_life_older_weighs_half():
    found = interests(texts(("u", "x", 1), ("u", "y", 8)), AXES)
    # weights 1 and 1/2: (1, .5) / sqrt(1.25)
    assert found["vector"][0].to_list() == pytest.approx([1 / 1.25**0.5, 0.5 / 1.25**0.5], abs=1e-7)
    assert found.select("user_key", "interest_no", "weight", "n_texts", "windows_present", "encoder").rows() == [
        ("u", 0, 1.0, 2, 2, "e1")
    ]


def test_a_text_repeated_within_a_window_counts_once_at_its_latest_time():
    repeated = interests(texts(*[("u", "x", days) for days in (1, 2, 3, 4, 5)], ("u", "y", 1)), AXES)
    assert repeated["n_texts"].item() == 2
    assert repeated["vector"][0].to_list() == pytest.approx([0.5**0.5, 0.5**0.5], abs=1e-7)


def test_a_text_repeated_in_another_window_counts_again():
    found = interests(texts(("u", "x", 1), ("u", "x", 8), ("u", "y", 1)), AXES)
    assert found["n_texts"].item() == 3
    assert found["vector"][0].to_list() == pytest.approx([1.5 / 3.25**0.5, 1 / 3.25**0.5], abs=1e-7)


def test_texts_without_a_vector_do_not_count_and_users_with_none_have_no_row():
    found = interests(texts(("u", "x", 1), ("u", "empty", 1), ("v", "empty", 2)), AXES)
    assert found.select("user_key", "n_texts").rows() == [("u", 1)]


def test_min_texts_counts_distinct_texts_of_the_lookback():
    frame = texts(("u", "x", 1), ("u", "x", 8), ("v", "x", 1), ("v", "y", 9))
    assert interests(frame, AXES, min_texts=2)["user_key"].to_list() == ["v"]


def test_texts_that_cancel_out_leave_the_latest_text():
    # weights 1, -1/2, -1/2: nothing is left, and x is the latest
    known = vectors(x=[1.0, 0.0], minus_x=[-1.0, 0.0], minus_x_too=[-1.0, 0.0])
    found = interests(texts(("u", "x", 1), ("u", "minus_x", 8), ("u", "minus_x_too", 8)), known)
    assert found["vector"][0].to_list() == [1.0, 0.0]


def test_equally_late_texts_that_cancel_out_leave_the_one_with_the_smallest_hash():
    assert interests(texts(("u", "x", 1), ("u", "minus_x", 1)), AXES)["vector"][0].to_list() == [-1.0, 0.0]


def test_of_opposed_texts_the_later_wins_by_its_weight():
    assert interests(texts(("u", "minus_x", 2), ("u", "x", 1)), AXES)["vector"][0].to_list() == [1.0, 0.0]


def test_a_half_life_far_shorter_than_the_lookback_does_not_underflow():
    found = interests(texts(("u", "x", 13), ("u", "y", 14)), AXES, half_life_days=0.001)
    assert found["vector"][0].to_list() == [1.0, 0.0]


def test_no_texts_give_no_rows_of_the_right_columns():
    found = interests(texts(), AXES)
    USER_INTERESTS.check(USER_INTERESTS.conform(found, WINDOW.start), WINDOW.start)
    assert found.is_empty()
    assert interests(texts(("u", "x", 1)), AXES.clear()).is_empty()


def stream(seed, users=40, n=600, d=24):
    g = np.random.default_rng(seed)
    known = g.normal(size=(90, d))
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    rows = [(f"u{g.integers(users)}", f"h{g.integers(100):03d}", float(g.uniform(0.001, 13.9))) for _ in range(n)]
    return texts(*rows), pl.DataFrame({"text_hash": [f"h{i:03d}" for i in range(90)], "vector": as_lists(known)})


def test_it_equals_a_loop_over_users_in_plain_python():
    frame, known = stream(3)
    by_hash = dict(zip(known["text_hash"], as_matrix(known["vector"]).astype(float), strict=True))
    latest: dict = {}
    for user, window_start, text_hash, ts in frame.rows():
        if text_hash in by_hash:
            key = (user, window_start, text_hash)
            latest[key] = max(ts, latest.get(key, ts))
    found = interests(frame, known)
    for row in found.iter_rows(named=True):
        mine = {key: ts for key, ts in latest.items() if key[0] == row["user_key"]}
        weight = {key: 2 ** (-(WINDOW.end - ts) / timedelta(days=7)) for key, ts in mine.items()}
        mean = sum(weight[key] * by_hash[key[2]] for key in mine)
        np.testing.assert_allclose(row["vector"], mean / np.linalg.norm(mean), atol=1e-6)
        assert row["n_texts"] == len(mine)
    assert found.height == len({key[0] for key in latest})


def test_rows_in_any_order_give_the_same_bits():
    frame, known = stream(4)
    base = interests(frame, known)
    for seed in range(3):
        again = interests(
            frame.sample(fraction=1, shuffle=True, seed=seed), known.sample(fraction=1, shuffle=True, seed=seed)
        )
        assert again.equals(base)
    assert base["user_key"].is_sorted()


def test_a_user_alone_has_the_same_vector_as_among_others():
    frame, known = stream(5)
    base = interests(frame, known)
    user = base["user_key"][7]
    assert interests(frame.filter(pl.col("user_key") == user), known).equals(base.filter(pl.col("user_key") == user))


def test_a_text_encoded_twice_with_other_last_bits_is_taken_once_in_any_order():
    twice = pl.concat([vectors(x=[1.0, 0.0]), vectors(x=[1.0, 1e-7])])
    frame = texts(("u", "x", 1))
    assert interests(frame, twice).equals(interests(frame, twice.reverse()))
    assert interests(frame, twice)["n_texts"].item() == 1


def test_the_frame_fits_its_table():
    frame, known = stream(6)
    USER_INTERESTS.check(USER_INTERESTS.conform(interests(frame, known), WINDOW.start), WINDOW.start)


def test_vectors_have_unit_length():
    frame, known = stream(7)
    length = np.linalg.norm(as_matrix(interests(frame, known)["vector"]), axis=1)
    np.testing.assert_allclose(length, 1, atol=1e-6)


def test_a_text_at_the_windows_end_is_refused_in_one_line():
    with pytest.raises(
        ContractError, match=r"user_interests of \[2024-01-08, 2024-01-15\): 1 texts are at or after"
    ) as told:
        interests(texts(("u", "x", 0)), AXES)
    assert "\n" not in str(told.value)


def test_vectors_of_two_lengths_are_refused():
    with pytest.raises(MixedEncodersError, match="2 to 3 dimensions"):
        interests(texts(("u", "x", 1)), vectors(x=[1.0, 0.0], y=[0.0, 1.0, 0.0]))


@pytest.mark.parametrize("broken", [[[1.0], None], [[], []], [[1.0], [None]]])
def test_null_and_empty_vectors_are_refused(broken):
    with pytest.raises(EncoderError):
        as_matrix(pl.Series(broken, dtype=LIST))


def test_lists_and_matrices_are_each_others_inverse():
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(as_matrix(as_lists(matrix)), matrix)
    assert as_matrix(as_lists(np.zeros((0, 3)))).shape == (0, 0)


def test_shares_times_texts_are_the_vectors():
    frame = texts(("u", "x", 1), ("u", "y", 8), ("v", "x", 2), ("v", "minus_x", 1))
    known = one_a_text(AXES)
    counted = counted_texts(frame, known, 1, 7.0)
    shares = text_shares(counted, as_matrix(known["vector"]))
    # u: 1 and 1/2 over sqrt 1.25; v: x weighs 2^(-1/7) of minus_x, which leaves (1 - 2^(-1/7)) of minus_x
    rest = 1 - 2 ** (-1 / 7)
    told = dict(zip(counted.select("user_key", "text_hash").iter_rows(), shares, strict=True))
    expected = {
        ("u", "x"): 1 / 1.25**0.5,
        ("u", "y"): 0.5 / 1.25**0.5,
        ("v", "x"): 2 ** (-1 / 7) / rest,
        ("v", "minus_x"): 1 / rest,
    }
    assert told == pytest.approx(expected)


def test_a_half_is_what_every_second_text_by_hash_adds_to_the_vector():
    # a and c are one half, b the other; a text of a week before counts half
    known = vectors(a=[1.0, 0.0], b=[0.0, 1.0], c=[0.0, 1.0])
    (row,) = interests(texts(("u", "a", 1), ("u", "b", 1), ("u", "c", 8)), known).to_dicts()
    length = np.hypot(1, 1.5)
    assert row["vector"] == pytest.approx([1 / length, 1.5 / length])
    assert row["half"] == pytest.approx([1 / length, 0.5 / length])


def test_one_text_has_no_half_however_many_windows_it_was_written_in():
    told = interests(texts(("u", "x", 1), ("u", "x", 9), ("v", "x", 1), ("v", "y", 1)), AXES)
    assert told["half"].to_list() == [None, pytest.approx([2**-0.5, 0])]


def test_texts_that_cancel_out_have_no_half():
    assert interests(texts(("u", "x", 1), ("u", "minus_x", 1)), AXES)["half"].to_list() == [None]
