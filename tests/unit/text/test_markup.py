import html
from time import perf_counter

import polars as pl
import pytest

from interest_platform.text.markup import without_markup


def strip(text):
    return without_markup(pl.Series([text]))[0]


def words(text):
    return strip(text).split()


def test_tags_go_and_block_elements_break_lines():
    assert strip("<p>one <b>bold</b>ly</p><ul><li>two</li></ul>three<br/>four").split("\n") == [
        "", "one boldly", "", "", "two", "", "three", "four",
    ]  # fmt: skip


def test_table_cells_are_kept_apart():
    assert words("<table><tr><td>a1</td><td>b1</td></tr></table>") == ["a1", "b1"]


@pytest.mark.parametrize("name", ["script", "style", "title", "textarea", "svg"])
def test_what_is_no_text_of_the_author_goes_with_its_content(name):
    assert words(f"<p>seen</p><{name} type='x'>unseen > here</{name}>end") == ["seen", "end"]


def test_comments_conditionals_and_doctype_go():
    assert words("<!DOCTYPE html><!-- no <b> --><![if mso]><p>yes</p><![endif]><!-- never closed") == ["yes"]


def test_quoted_attributes_may_hold_a_greater_sign():
    assert words("<a title=\"a > b\" href='x'>link</a><p>end") == ["link", "end"]


def test_an_unbalanced_quote_in_a_tag_eats_no_text():
    assert words('<p align="left>one</p><p>two "three" four</p>') == ["one", "two", '"three"', "four"]


def test_the_half_tag_at_the_end_of_a_cut_text_goes():
    assert words('<p>text</p> more <a href="http://exam') == ["text", "more"]


def test_nested_blockquotes_go_whole_and_a_stray_one_does_not_swallow_the_text():
    assert words("<p>a</p><blockquote>q<blockquote cite=x>r</blockquote>s</blockquote>b") == ["a", "b"]
    assert words("<p>a</p><blockquote>open") == ["a", "open"]
    assert words("closed</blockquote><p>a</p>") == ["closed", "a"]


@pytest.mark.parametrize(
    "text",
    [
        "if a < b and c > d then x<y",
        "so I told him <grin> and left <g>",
        "usage: copy <source> <object>",
        "the <title> tag of a page",
        "List<String> and map<k, v>",
        "a <- b -> c <= d",
        "AT&T, Q&A; x & y",
    ],
)
def test_plain_text_with_angle_brackets_or_ampersands_stays(text):
    assert strip(text) == text


def test_unknown_tags_stay_beside_real_ones():
    assert words("<p>he <grin> said a < b</p>") == ["he", "<grin>", "said", "a", "<", "b"]


def test_entities_are_decoded_once_with_and_without_tags():
    assert strip("5 &lt; 6 &amp;amp; &#34;x&#34; &#x41;&eacute;") == '5 < 6 &amp; "x" Aé'
    assert words("<p>fish&nbsp;&amp;&nbspchips</p>") == ["fish", "&", "chips"]


def test_unknown_entities_stay():
    assert strip("R&D; and &nosuchentity; &amp; more") == "R&D; and &nosuchentity; & more"


def test_entities_agree_with_the_standard_library():
    named = [f"&{name}" for name in html.entities.html5 if name.endswith(";") and name != "nbsp;"]
    assert without_markup(pl.Series(named)).to_list() == [html.unescape(entity) for entity in named]


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 100_000,
        "<blockquote>" * 50_000 + "</blockquote>" * 50_000,
        "<b x=\"'" * 60_000,
        "<script>" * 60_000,
        "<!--" * 100_000,
        "<" * 400_000,
        "&#1" * 100_000,
    ],
)
def test_hostile_markup_costs_no_more_than_its_length(text):
    start = perf_counter()
    strip(text + "</b>")
    assert perf_counter() - start < 3
