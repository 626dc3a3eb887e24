"""The terms of a segment's life: counted by users, fading, told apart from praise, pairs for what is one."""

import polars as pl
import pytest

from interest_platform.segments.pooled_terms import COUNTS, DECAY, counted, pooled, scored


def texts(*rows):
    """Rows of (segment, user, tokens, rating)."""
    schema = {"segment_id": pl.String, "user_key": pl.String, "tokens": pl.List(pl.String), "rating": pl.Float64}
    return pl.DataFrame(rows, schema, orient="row")


def users(counts, segment, term):
    (found,) = counts.filter((pl.col("segment_id") == segment) & (pl.col("term") == term))["users"]
    return found


def test_a_user_counts_once_a_term_however_often_it_is_written():
    counts = counted(
        texts(("s1", "a", ["tea", "tea", "cup"], 5.0), ("s1", "a", ["tea"], 1.0), ("s1", "b", ["tea"], None))
    )
    assert users(counts, "s1", "tea") == 2
    assert users(counts, "s1", "") == 2
    row = counts.filter(pl.col("term") == "tea").row(0, named=True)
    assert (row["rated"], row["rating"], row["squares"]) == (2, 6, 26)


def test_pairs_need_two_users_and_never_cross_texts():
    counts = counted(
        texts(
            ("s1", "a", ["green", "tea"], None),
            ("s1", "b", ["green", "tea"], None),
            ("s1", "c", ["cup", "saucer"], None),
        )
    )
    assert users(counts, "s1", "green tea") == 2
    assert counts.filter(pl.col("term").str.contains(" "))["term"].to_list() == ["green tea"]


def test_earlier_windows_count_less():
    first = counted(texts(*[("s1", f"u{n}", ["tea"], None) for n in range(10)]))
    second = pooled(pooled(pl.DataFrame(schema=COUNTS), first), counted(texts(("s1", "a", ["cup"], None))))
    assert users(second, "s1", "tea") == pytest.approx(10 * DECAY)
    assert users(second, "s1", "cup") == 1


def ranked(rows, segment):
    found = scored(pooled(pl.DataFrame(schema=COUNTS), counted(texts(*rows))), 0.05).drop_nulls("rank")
    return found.filter(pl.col("segment_id") == segment).sort("rank")["term"].to_list()


def test_words_that_all_segments_use_alike_say_nothing():
    rows = [(f"s{s}", f"u{s}{n}", ["great", f"topic{s}", f"w{n % 7}"], None) for s in range(3) for n in range(40)]
    assert ranked(rows, "s1") == ["topic1"]


def test_a_segment_without_words_of_its_own_has_none():
    rows = [(f"s{s}", f"u{s}{n}", [f"w{n % 5}"], None) for s in range(3) for n in range(40)]
    assert ranked(rows, "s0") == []


def test_words_that_go_with_the_rating_are_no_name():
    rows = []
    for s in range(2):
        for n in range(60):
            happy = n % 3 != 0 if s else n % 3 == 0  # praise is written more in one segment than in the other
            rows.append((f"s{s}", f"u{s}{n}", [f"topic{s}", "great" if happy else "junk"], 5.0 if happy else 1.0))
    assert ranked(rows, "s1") == ["topic1"]


def test_a_pair_stands_for_its_words_where_they_are_written_together():
    rows = [("s0", f"a{n}", ["gift", "card", "shop"], None) for n in range(30)]
    rows += [("s1", f"b{n}", ["guitar", "string"] if n % 2 else ["string", "pick"], None) for n in range(30)]
    assert "gift card" in ranked(rows, "s0") and "gift" not in ranked(rows, "s0")
    assert "string" in ranked(rows, "s1") and "guitar string" not in ranked(rows, "s1")


def test_what_one_user_repeats_in_every_window_is_no_name():
    counts = pl.DataFrame(schema=COUNTS)
    for _ in range(4):
        rows = [(f"s{s}", f"u{s}{n}", [f"topic{s}"], None) for s in range(2) for n in range(10)]
        counts = pooled(counts, counted(texts(*rows, *[("s0", "u00", ["signature"], None)] * 3)))
    found = scored(counts, 0.05).filter(pl.col("segment_id") == "s0")
    assert users(counts, "s0", "signature") > 3
    assert found.drop_nulls("rank")["term"].to_list() == ["topic0"]


def test_of_short_texts_of_many_users_ten_name_a_segment_though_they_are_a_small_share():
    def titles(segment, word, many):
        return [(segment, f"{segment}{n}", [word if n < many else f"w{n // 2}"], None) for n in range(1_000)]

    counts = counted(texts(*titles("s1", "tea", 10), *titles("s2", "cup", 9)))

    ranked = scored(counts, 0.05).drop_nulls("rank")

    assert ranked["term"].to_list() == ["tea"]
