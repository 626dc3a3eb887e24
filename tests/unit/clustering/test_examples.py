from datetime import datetime

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering.examples import examples, shorten

AXIS = np.array([[1.0, 0.0]], np.float32)


def documents(*rows, vectors=None):
    """Rows of (user, text, distance of the user, day of January), all in cluster 0; the hash is the text."""
    frame = pl.DataFrame(
        {
            "cluster_id": pl.Series([0] * len(rows), dtype=pl.Int32),
            "user_key": [r[0] for r in rows],
            "clean_text": [r[1] for r in rows],
            "text_hash": [r[1] for r in rows],
            "distance": [float(r[2]) for r in rows],
            "ts": [datetime(2024, 1, r[3]) for r in rows],
        }
    )
    return frame if vectors is None else frame.with_columns(pl.Series("vector", vectors, pl.List(pl.Float32)))


def shown(frame, number=3):
    return examples(frame, AXIS, number)["example_texts"].to_list()


def test_texts_nearest_to_the_centroid_come_first_by_their_own_vectors():
    frame = documents(
        ("a", "far", 0, 1), ("b", "near", 0.5, 1), ("c", "middle", 0.1, 1), vectors=[[0, 1], [1, 0], [0.6, 0.8]]
    )
    assert shown(frame) == [["near", "middle", "far"]]
    assert shown(frame, 1) == [["near"]]


def test_without_vectors_the_nearest_users_texts_are_shown():
    assert shown(documents(("a", "far", 0.5, 1), ("b", "near", 0.1, 1))) == [["near", "far"]]


def test_each_text_is_of_another_user_and_no_text_is_shown_twice():
    frame = documents(
        ("a", "one", 0, 1), ("a", "two", 0, 1), ("b", "one", 0, 2), ("b", "three", 0, 2), ("c", "four", 0.9, 1)
    )
    # nearest by hash: "one" is b's (the later of the two), "three" is b's too, "two" is a's; then c
    assert shown(frame) == [["one", "two", "four"]]


def test_user_keys_decide_nothing():
    rows = [
        ("a", "one", 0.1, 1),
        ("b", "one", 0.1, 2),
        ("b", "two", 0.1, 1),
        ("a", "three", 0.1, 1),
        ("c", "four", 0.1, 1),
    ]
    base = shown(documents(*rows))
    for names in ("zyx", "bca", "cab"):
        renamed = [(names["abc".index(u)], *rest) for u, *rest in rows]
        assert shown(documents(*renamed)) == base
        assert shown(documents(*reversed(renamed))) == base


def test_blank_texts_are_not_shown_and_a_cluster_of_blank_texts_has_no_row():
    assert shown(documents(("a", " \n", 0, 1), ("b", "said", 0.2, 1))) == [["said"]]
    assert shown(documents(("a", "", 0, 1))) == []


def test_texts_that_read_alike_once_cut_are_shown_once():
    long = "word " * 60
    assert len(shown(documents(("a", long + "x", 0, 1), ("b", long + "y", 0, 1)))[0]) == 1


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("short enough", "short enough"),
        ("  two\n lines ", "two lines"),
        ("exactly20characters!", "exactly20characters!"),
        ("some text of twenty-two", "some text of…"),
        ("x" * 30, "x" * 19 + "…"),
        ("火" * 30, "火" * 19 + "…"),
        ("hi " + "x" * 30, "hi " + "x" * 16 + "…"),
    ],
)
def test_texts_are_cut_at_a_words_end_or_where_there_is_none(text, cut):
    assert shorten(text, 20) == cut
    assert len(shorten(text, 20)) <= 20
