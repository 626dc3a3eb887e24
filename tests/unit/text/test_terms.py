from math import log

import polars as pl
import pytest

from interest_platform.text import class_terms
from interest_platform.text.terms import _counts, _scored


def documents(*rows):
    return pl.DataFrame(rows, schema={"class_id": pl.Int32, "tokens": pl.List(pl.String)}, orient="row")


def top(*rows, n=10):
    return dict(class_terms(documents(*rows), n).rows())


def test_scores_are_those_of_the_paper():
    """A = (4 + 2) / 2 = 3 tokens a class; f(tea) = 3, f(cup) = 2, f(bean) = 1."""
    docs = documents((0, ["tea", "tea"]), (0, ["tea", "cup"]), (1, ["bean", "cup"]))
    scores = {(c, t): s for c, t, s in _scored(_counts(docs), 2).select("class_id", "term", "score").rows()}
    assert scores == pytest.approx(
        {(0, "tea"): 3 * log(2), (0, "cup"): log(2.5), (1, "bean"): log(4), (1, "cup"): log(2.5)}
    )


def test_a_term_of_one_class_beats_an_equally_frequent_one_of_all():
    assert top((0, ["tea", "the"]), (0, ["tea", "the"]), (1, ["bean", "the"]), (1, ["bean", "the"])) == {
        0: ["tea", "the"],
        1: ["bean", "the"],
    }


def test_a_term_of_one_document_comes_after_shared_ones():
    spam = ["spam"] * 50
    assert top((0, ["tea", *spam]), (0, ["tea", "cup"]), (0, ["cup"]))[0] == ["cup", "tea", "spam"]


def test_where_no_term_is_shared_the_others_are_named():
    assert top((0, ["b", "b", "a"]), (1, ["c"])) == {0: ["b", "a"], 1: ["c"]}


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
    assert class_terms(documents(*rows)).equals(class_terms(documents(*reversed(rows))))
