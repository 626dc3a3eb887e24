"""The page holds everything in itself, and what users wrote is only text in it."""

import base64
import datetime as dt
import hashlib
import re
from html.parser import HTMLParser

import polars as pl
import pytest
from planted_history import planted_frames

from interest_platform.report import Frames, flow_picture, report, timeline_picture
from interest_platform.report.page import page_of
from interest_platform.report.picture import nothing
from interest_platform.report.tables import MOST_ROWS, table_of

MADE_AT = dt.datetime(2024, 5, 1, 12, 30)
HOSTILE = "\"><img src=x onerror=alert(1)><script>alert('x')</script>&lt;"


@pytest.fixture(scope="module")
def page():
    return report(planted_frames(), made_at=MADE_AT)


class _Tags(HTMLParser):
    """Every tag with its attributes, and the text of scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.raw, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.raw.append((self.open[-1], data))

    def handle_endtag(self, tag):
        self.open = self.open[:-1] if self.open and self.open[-1] == tag else self.open


def test_nothing_outside_the_file_is_named(page):
    tags = _Tags(page).tags
    links = {v for _, attributes in tags for k, v in attributes.items() if k in ("href", "src", "xlink:href")}
    assert all(link.startswith(("#", "data:")) for link in links)
    assert set(re.findall(r"https?://[^\"' <]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in page and "url(" not in page


def test_the_policy_allows_this_style_and_this_script_only(page):
    parsed = _Tags(page)
    [policy] = [a["content"] for t, a in parsed.tags if t == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        [text] = [data for t, data in parsed.raw if t == tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not any(k.startswith("on") or k == "style" for _, attributes in parsed.tags for k in attributes)


def test_hostile_texts_are_escaped_wherever_they_stand():
    frames = planted_frames()
    identities = frames.identities.with_columns(name=pl.lit(HOSTILE))
    drift = frames.drift.with_columns(metric=HOSTILE + pl.col("metric"), cause=pl.lit(HOSTILE))
    plain = report(frames, made_at=MADE_AT)
    hostile = report(
        Frames(**{**vars(frames), "identities": identities, "drift": drift}), made_at=MADE_AT, title=HOSTILE
    )
    assert {t for t, _ in _Tags(hostile).tags} == {t for t, _ in _Tags(plain).tags}
    assert "<img" not in hostile and hostile.count("<script>") == 1


def test_the_header_tells_what_the_report_is_of(page):
    told = dict(zip(re.findall(r"<dt>(.*?)</dt>", page), re.findall(r"<dd>(.*?)</dd>", page), strict=True))
    assert told["Windows"] == "10, from 2024-01-01 to 2024-03-04"
    assert told["Segments in the newest"] == "9"
    assert told["Users in the newest"] == f"{planted_frames().members['user_key'].n_unique():,}"
    assert told["Lake version"] == "412"
    assert "Made 2024-05-01 12:30 UTC" in page


def test_the_page_is_the_same_every_time(page):
    assert report(planted_frames(), made_at=MADE_AT) == page


def test_an_empty_lake_is_said_in_words():
    page = report(Frames(), made_at=MADE_AT)
    assert "none loaded yet" in page and "<code>interest run</code>" in page
    assert "<svg" not in page and "<table" not in page


def test_a_picture_alone_is_a_page_of_its_own():
    picture = timeline_picture(planted_frames())
    page = picture.html()
    assert page.count("<svg") == 1 and "<select" not in page and f"<h1>{picture.title}</h1>" in page
    assert "<svg" not in nothing("a", "A", "There is none.").html()


def test_each_mark_knows_its_segments():
    picture = flow_picture(planted_frames())
    marks = [a for t, a in _Tags(picture.html()).tags if a.get("class") == "mark"]
    assert len(marks) == sum(map(len, picture.marks.values()))
    for mark in marks:
        assert all(segment in mark["aria-label"] for segment in mark["data-segments"].split())


def test_a_long_table_is_cut_and_says_so():
    table = table_of(pl.DataFrame({"a": range(MOST_ROWS + 1)}), "numbers")
    assert table.count("<tr>") == MOST_ROWS + 1
    assert "the first 1,000 of 1,001 rows" in table


def test_a_table_has_a_caption_and_heads():
    table = table_of(pl.DataFrame({"name": ["<b>", None], "n": [1.5, 2000.0]}), "a & b")
    assert table == (
        "<table><caption>a &amp; b</caption><thead><tr>"
        '<th scope="col">name</th><th scope="col" class="n">n</th></tr></thead><tbody>'
        '<tr><td>&lt;b&gt;</td><td class="n">1.5</td></tr><tr><td></td><td class="n">2,000</td></tr></tbody></table>'
    )


def test_no_picture_no_page_parts():
    assert "<nav" not in page_of([], title="nothing")
