"""On texts of real people, where the checkout has them beside it."""

from pathlib import Path

import polars as pl
import pytest

from interest_platform.configuration import TextSettings
from interest_platform.text import class_terms, clean
from interest_platform.text.cleaning import clean_texts

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not there")


def read(name, rows):
    frame = pl.read_parquet(DATA / f"{name}.parquet").with_row_index("text_id")
    return frame.sample(min(rows, frame.height), seed=1).with_columns(pl.col("text_id").cast(pl.String))


def run(frame):
    return clean(frame.select("text_id", "text", lang=pl.lit(None, pl.String)), TextSettings())


def test_html_posts_keep_no_tag_and_no_entity():
    texts = run(read("stackexchange_coffee_dsmeta", 2_000))["clean_text"]
    assert not texts.str.contains(r"(?i)</?(?:p|a|em|strong|li|ul|ol|br|code|pre|blockquote|img|h\d)\b[^<>]*>").any()
    assert not texts.str.contains("&(?:lt|gt|amp|quot|#39);").any()


def test_reviews_and_titles_are_told_to_be_english():
    for name in ("amazon_reviews_6cat", "hackernews_titles_20k"):
        lang = run(read(name, 1_000))["lang"]
        assert (lang == "en").mean() > 0.9
        assert (~lang.is_in(["en", "und"])).mean() < 0.02


def test_chinese_reviews_are_told_and_cut_into_words():
    frame = read("zh_online_shopping_10cat", 3_000)
    result = run(frame)
    assert (result["lang"] == "zh").mean() > 0.99
    tokens = result["tokens"].explode().drop_nulls()
    assert 1.5 < tokens.str.len_chars().mean() < 2.5
    category = frame["category"].cast(pl.Categorical).to_physical().cast(pl.Int32)
    terms = class_terms(result.with_columns(class_id=category)).explode("top_terms")["top_terms"]
    assert {"酒店", "牛奶", "书", "手机", "热水器", "头发"} <= set(terms)


def test_cleaning_twice_is_cleaning_once_on_real_texts():
    for name in ("stackexchange_coffee_dsmeta", "amazon_reviews_6cat", "hackernews_titles_20k"):
        once = clean_texts(read(name, 1_000)["text"])
        assert (clean_texts(once) != once).mean() < 0.01
