from hashlib import sha256
from struct import pack

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_platform.configuration import TextSettings
from interest_platform.domain.tables import CLEANED_TOKENS
from interest_platform.errors import ContractError
from interest_platform.text import clean
from interest_platform.text.cleaning import clean_texts

DEFAULT = TextSettings()
POST = """Re: Fwd: Best beans?

On Thu, 29 Aug 2002, Ann Example wrote:

> Which beans do you buy?

I buy <grin> from https://www.beans.example.com/shop?id=7 - they're
roasted on Mondays; ask ann@example.org.
--\x20
Bob Example
_______________________________________________
coffee mailing list
"""


def frame(*texts, **columns):
    return pl.DataFrame(
        {"text_id": [f"t{i}" for i in range(len(texts))], "text": pl.Series(texts, dtype=pl.String)} | columns
    )


def cleaned(*texts):
    return clean_texts(pl.Series(texts, dtype=pl.String)).to_list()


def test_a_post_becomes_the_authors_own_words():
    (row,) = clean(frame(POST), DEFAULT).rows(named=True)
    text = "Best beans? I buy <grin> from beans.example.com - they're roasted on Mondays; ask ."
    assert row == {
        "text_id": "t0",
        "lang": "en",
        "clean_text": text,
        "tokens": ["bean", "grin", "beans.example.com", "roast", "monday"],
        "n_tokens": 5,
        "text_hash": sha256(text.encode()).hexdigest(),
    }


def test_the_result_is_the_body_of_the_table():
    result = clean(frame(POST, None, "茶"), DEFAULT)
    assert result.schema == pl.Schema({c.name: c.type.polars for c in CLEANED_TOKENS.body})
    assert result.null_count().sum_horizontal().item() == 0


def test_an_empty_frame_stays_one():
    assert clean(frame(), DEFAULT).schema == clean(frame("x"), DEFAULT).schema
    assert clean(frame(), DEFAULT).height == 0


def test_texts_of_which_nothing_remains_keep_their_row():
    result = clean(frame(None, "", "  \n", "> a\n> b", "<p></p>"), DEFAULT)
    assert result["clean_text"].to_list() == [""] * 5
    assert result["tokens"].to_list() == [[]] * 5
    assert result["n_tokens"].to_list() == [0] * 5
    assert result["text_hash"].unique().to_list() == [sha256(b"").hexdigest()]


def test_a_ready_made_vector_is_part_of_the_hash():
    vectors = pl.Series([[0.5, -1.0], None, [0.5, -1.0], []], dtype=pl.List(pl.Float32))
    hashes = clean(frame("tea", "tea", None, "tea", vector=vectors), DEFAULT)["text_hash"].to_list()
    packed = b"\x1f" + pack("<2f", 0.5, -1.0)
    expected = [b"tea" + packed, b"tea", packed, b"tea\x1f"]
    assert hashes == [sha256(content).hexdigest() for content in expected]


def test_columns_that_are_all_null_have_no_say():
    untyped = pl.DataFrame({"text_id": ["a"], "text": ["tea"], "lang": [None], "vector": [None]})
    assert clean(untyped, DEFAULT).equals(clean(untyped.select("text_id", "text"), DEFAULT))
    assert clean(untyped.with_columns(text=None), DEFAULT)["clean_text"].to_list() == [""]


def test_a_missing_column_is_named():
    with pytest.raises(ContractError, match=r"missing columns \['text'\]"):
        clean(pl.DataFrame({"text_id": ["a"]}), DEFAULT)


def test_more_rows_than_are_worked_on_at_once_come_out_the_same():
    texts = [f"tea number {i % 7} 北京咖啡" for i in range(20_011)]
    result = clean(frame(*texts), DEFAULT)
    assert result["text_id"].to_list() == [f"t{i}" for i in range(20_011)]
    assert result["tokens"][20_010].to_list() == result["tokens"][20_010 % 7].to_list()


def examples(count):
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


TEXTS = st.lists(st.one_of(st.none(), st.text(), st.sampled_from([POST, "茶很好喝", "<p>Grüße</p>"])), max_size=5)


@given(TEXTS, st.randoms(use_true_random=False))
@examples(20)
def test_law_a_rows_result_depends_on_no_other_row(texts, random):
    together = clean(frame(*texts), DEFAULT)
    order = random.sample(range(len(texts)), len(texts))
    shuffled = clean(frame(*texts)[order], DEFAULT)
    assert shuffled.equals(together[order])
    assert all(clean(frame(*texts)[i : i + 1], DEFAULT).equals(together[i : i + 1]) for i in range(len(texts)))


@given(st.lists(st.text(), max_size=10))
@examples(40)
def test_law_any_text_is_cleaned_to_one_tidy_line(texts):
    for row in clean(frame(*texts), DEFAULT).rows(named=True):
        assert row["clean_text"] == " ".join(row["clean_text"].split())
        assert row["n_tokens"] == len(row["tokens"])
        assert all(row["tokens"])


PIECES = [
    *["tea", "茶", "…", "\x92", "´", "ﬁ", ".", "'", " ", "\n", "\n", "\n"],
    *["> q", "| q", "-- ", "--", "_" * 20, "On 1 Ann wrote:", "wrote:", "From: x", "To: y", "Sent: z", "Re: "],
    *["http://www.a.org/b", "www.", "a@b.org", "@", "://"],
]
NO_ENTITIES = st.text(st.characters(exclude_characters="&<", codec="utf-8"))
LIKE_MAIL = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(st.lists(st.one_of(NO_ENTITIES, LIKE_MAIL), max_size=20))
@examples(60)
def test_law_cleaning_twice_is_cleaning_once(texts):
    """Without `&` and `<`: entities are decoded once, so that `&amp;lt;` reads as its author wrote it."""
    once = cleaned(*texts)
    assert cleaned(*once) == once


@pytest.mark.parametrize(
    "text",
    ["a." * 10_000, "a-" * 10_000, "a'" * 10_000, "茶" * 20_000, "http://" * 3_000, "a@" * 10_000, "\ufdfa" * 9_000],
)
def test_a_hostile_text_of_20000_characters_is_cleaned_at_once(text):
    assert clean(frame(text), DEFAULT).height == 1
