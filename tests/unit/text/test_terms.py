from math import log

import polars as pl
import pytest

from interest_platform.text import class_terms
from interest_platform.text.terms import _scored, _uses


def documents(*rows):
    return pl.DataFrame(rows, schema={"class_id": pl.Int32, "tokens": pl.List(pl.String)}, orient="row")


def top(*rows, n=10):
    return dict(class_terms(documents(*rows), n).rows())


def by_user(*rows):
    """Rows of (class, user, tokens)."""
    schema = {"class_id": pl.Int32, "user_key": pl.String, "tokens": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_scores_are_those_of_the_paper_with_users_in_place_of_occurrences():
    """U = (2 + 1) / 2 = 1.5 users a class; tea has 2 users in all, cup 2, bean 1."""
    docs = by_user((0, "a", ["tea", "tea"]), (0, "a", ["tea"]), (0, "b", ["tea", "cup"]), (1, "c", ["bean", "cup"]))
    scores = {(c, t): s for c, t, s in _scored(_uses(docs)).select("class_id", "term", "score").rows()}
    assert scores == pytest.approx(
        {(0, "tea"): 2 * log(1.75), (0, "cup"): log(1.75), (1, "bean"): log(2.5), (1, "cup"): log(1.75)}
    )


def test_what_a_feed_repeats_in_a_thousand_texts_names_no_class():
    feed = [(0, "feed", ["url", "supplied", f"story{i}"]) for i in range(1000)]
    people = [(0, f"user{i}", ["politics", "war"]) for i in range(10)]
    other = [(1, f"other{i}", ["kernel", "war"]) for i in range(10)]
    assert dict(class_terms(by_user(*feed, *people, *other)).rows()) == {0: ["politics", "war"], 1: ["kernel", "war"]}


@pytest.mark.parametrize(("users", "named"), [(4, []), (5, ["odd"])])
def test_a_term_needs_a_share_of_the_classes_users(users, named):
    rows = [(0, f"u{i}", ["all", *(["odd"] if i < users else [])]) for i in range(50)]
    assert dict(class_terms(by_user(*rows), share=0.1).rows()) == {0: ["all", *named]}


def test_diversity_puts_another_subject_before_the_rest_of_a_phrase():
    """san and francisco have the same 6 users (similarity 1), bay 4 others, none of them theirs (0)."""
    rows = [(0, f"u{i}", ["san", "francisco"] if i < 6 else ["bay"]) for i in range(10)]
    assert dict(class_terms(by_user(*rows)).rows())[0] == ["francisco", "san", "bay"]
    assert dict(class_terms(by_user(*rows), diversity=0.5).rows())[0] == ["francisco", "bay", "san"]
    assert dict(class_terms(by_user(*rows), 1, diversity=0.5).rows())[0] == ["francisco"]


def test_a_term_of_one_class_beats_an_equally_frequent_one_of_all():
    assert top((0, ["tea", "the"]), (0, ["tea", "the"]), (1, ["bean", "the"]), (1, ["bean", "the"])) == {
        0: ["tea", "the"],
        1: ["bean", "the"],
    }


def test_a_term_of_one_document_is_no_classes_term_however_often_it_is_said():
    spam = ["spam"] * 50
    assert top((0, ["tea", *spam]), (0, ["tea", "cup"]), (0, ["cup"]))[0] == ["cup", "tea"]


def test_a_class_of_two_who_share_no_word_has_no_term_and_one_alone_has_its_own():
    assert top((0, ["a"]), (0, ["b"]), (1, ["d", "d", "c"])) == {0: [], 1: ["c", "d"]}


def test_equal_scores_are_in_the_order_of_the_alphabet():
    assert top((0, ["b", "a", "c"]), (0, ["c", "b", "a"]))[0] == ["a", "b", "c"]


def test_one_class_is_named_by_its_most_frequent_terms():
    assert top((3, ["x", "x", "y"]), (3, ["x", "y", "z"]), n=2) == {3: ["x", "y"]}


def test_a_class_without_tokens_has_no_terms_but_a_row():
    assert top((1, []), (0, ["a"])) == {0: ["a"], 1: []}


def test_no_document_gives_no_row():
    result = class_terms(documents())
    assert result.schema == pl.Schema({"class_id": pl.Int32, "top_terms": pl.List(pl.String)})
    assert result.height == 0


def test_the_order_of_documents_does_not_matter():
    rows = [(i % 3, [f"w{i * j % 11}" for j in range(i % 5 + 1)]) for i in range(60)]
    for diversity in (0.0, 0.3):
        straight = class_terms(documents(*rows), diversity=diversity)
        assert straight.equals(class_terms(documents(*reversed(rows)), diversity=diversity))
