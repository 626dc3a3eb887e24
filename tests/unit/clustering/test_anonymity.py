from datetime import datetime

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering.anonymity import common_words, hide, words_by_text
from interest_platform.clustering.examples import examples

AXIS = np.array([[1.0, 0.0]], np.float32)


def documents(*rows):
    """Rows of (user, text), all in cluster 0, the first nearest."""
    return pl.DataFrame(
        {
            "cluster_id": pl.Series([0] * len(rows), dtype=pl.Int32),
            "user_key": [r[0] for r in rows],
            "clean_text": [r[1] for r in rows],
            "text_hash": [r[1] for r in rows],
            "distance": [i / 1000 for i in range(len(rows))],
            "ts": [datetime(2024, 1, 1)] * len(rows),
            "lang": [r[2] if len(r) > 2 else "en" for r in rows],
        }
    )


def shown(frame, users, number=3):
    return examples(frame, AXIS, number, users)["example_texts"].to_list()


def test_a_word_of_fewer_users_than_asked_is_in_no_example():
    said = "the train to lyon was late again and full"
    rows = [(f"u{i}", f"{said} number{i} says Zaphod{i % 2}") for i in range(6)]
    (texts,) = shown(documents(*rows), 3, 6)
    assert len(texts) == 2  # read alike without their numbers: two are left
    assert texts[0] == "the train to lyon was late again and full … says Zaphod0"
    (strict,) = shown(documents(*rows), 4, 6)
    assert strict == ["the train to lyon was late again and full … says …"]


def test_texts_of_one_user_do_not_make_a_word_common():
    rows = [("a", f"our secretword train is late, day {day}") for day in "ijklm"]
    rows += [(u, "our train is late day") for u in "bcd"]
    assert all("secretword" not in text for text in shown(documents(*rows), 2)[0])


def test_a_text_with_little_left_to_read_is_passed_over():
    common = [(u, "we like the train") for u in "bcde"]
    assert shown(documents(("a", "xylo qua train zum"), *common), 3) == [["we like the train"]]


def test_where_everything_is_rare_nothing_is_shown():
    assert shown(documents(("a", "one two three"), ("b", "four five six")), 2) == []


@pytest.mark.parametrize(
    ("text", "rare", "hidden"),
    [
        ("Anna and annabel", {"anna"}, "… and annabel"),
        ("snake_case_9 x", {"9"}, "snake_case_… x"),
        ("bob's bike, Bob", {"bob"}, "…'s bike, …"),
        ("a.b@c a", {"b"}, "a.…@c a"),
        ("我喜欢张三丰的茶", {"张三丰"}, "我喜欢…的茶"),
        ("iPhone手机 good", {"iphone"}, "…手机 good"),
        ("one two three", {"one", "two"}, "… three"),
        ("2024-01-02", {"01", "02"}, "2024-…-…"),
        ("C++ (x)", set(), "C++ (x)"),
    ],
)
def test_words_are_hidden_whole_and_alone(text, rare, hidden):
    assert hide(text, rare) == hidden


def test_no_rare_word_is_left_whatever_the_text():
    pieces = ["anna's", "x_y", "9-1", "mail@host.org", "手机iphone", "Straße", "İstanbul", "naïve", "a.b.c", "é", "the"]
    texts = [
        (f"u{i}", " ".join(pieces[(i + j) % len(pieces)] for j in range(6)) + " we all say the same") for i in range(8)
    ]
    frame = documents(*texts)
    for users in (2, 3, 5):
        common = common_words(frame, words_by_text(frame)["word"], users)
        for text in (t for texts in shown(frame, users, 8) for t in texts):
            left = set(words_by_text(pl.DataFrame({"clean_text": [text], "lang": "en"}))["word"])
            assert left <= common
