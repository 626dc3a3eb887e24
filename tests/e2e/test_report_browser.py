"""The report page in headless Chromium: from a file, offline, wide and on a phone, with a keyboard, light and dark."""

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.screens import CHROMIUM, OFFLINE
from planted_history import many_frames, planted_frames
from playwright.sync_api import Browser, Page, sync_playwright

from interest_platform.report import Frames, flow_picture, report

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH; `make browser` as root installs it"),
]

WIDTHS = (390, 1440)
PAGES = ("full", "crowded", "two", "one", "empty", "alone")
# what a reader sees of the texts of a picture: their boxes in the page, and what they say
TEXTS = """picture => [...picture.querySelectorAll('g:not([class*="-halo"]) > text')].map(text => {
  const box = text.getBoundingClientRect();
  return [text.textContent, box.left, box.top, box.right, box.bottom];
})"""
BOX = "e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as files: of ten windows, of as much as a page takes, of two, of one, of an empty lake, one picture."""
    folder = tmp_path_factory.mktemp("report")
    made_at = dt.datetime(2024, 5, 1, 12)
    for name, frames in {
        "full": planted_frames(),
        "crowded": many_frames(),
        "two": planted_frames(windows=2),
        "one": planted_frames(windows=1),
        "empty": Frames(),
    }.items():
        (folder / f"{name}.html").write_text(report(frames, made_at=made_at), encoding="utf-8")
    (folder / "alone.html").write_text(flow_picture(planted_frames()).html(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield browser
        browser.close()


def opened(browser: Browser, file: Path, width: int = 1440, **more: object) -> tuple[Page, list[str]]:
    """The page, and whatever it complained of or asked the network for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **more)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else troubles.append(r.url))
    page.goto(file.as_uri())
    return page, troubles


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_overlaps_nothing_sticks_out_and_nothing_is_fetched(browser, folder, name, width):
    page, troubles = opened(browser, folder / f"{name}.html", width)
    page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for picture in page.locator(".picture").all():
        _check_texts(picture.evaluate(TEXTS), picture.evaluate(BOX))
    blocks = [e.evaluate(BOX) for e in page.locator("header, .tools, section, footer").all()]
    assert all(a[3] <= b[1] + 0.5 for a, b in itertools.pairwise(blocks))
    for block in ("h1", "h2", "p", "dd", "summary", "select", "nav a"):
        assert all(e.evaluate(BOX)[2] <= width for e in page.locator(block).all()), block
    assert troubles == []
    page.context.close()


def _check_texts(texts, picture):
    for (a, *one), (b, *other) in itertools.combinations(texts, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        # boxes are as tall as the font's tallest letters: one pixel of that may be shared
        assert across <= 0.5 or down <= 1.5, f"{a!r} and {b!r} overlap by {across:.1f} x {down:.1f}"
    for text, left, top, right, bottom in texts:
        inside = left >= picture[0] - 0.5 and right <= picture[2] + 0.5 and top >= picture[1] and bottom <= picture[3]
        assert inside, f"{text!r} is cut off"


@pytest.mark.parametrize("width", WIDTHS)
def test_open_tables_scroll_inside_their_own_box(browser, folder, width):
    page, _ = opened(browser, folder / "full.html", width)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.locator("table").count() == 7
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for table in page.locator(".table").all():
        assert table.evaluate("e => e.scrollWidth <= e.clientWidth || getComputedStyle(e).overflowX === 'auto'")
    page.context.close()


def test_landmarks_and_headings(browser, folder):
    page, _ = opened(browser, folder / "full.html")
    assert [page.get_by_role(r).count() for r in ("banner", "navigation", "main", "contentinfo")] == [1, 1, 1, 1]
    headings = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName)")
    assert headings == ["H1", *["H2"] * 6]
    assert page.locator("html").get_attribute("lang") == "en"
    for link in page.locator("nav a").all():
        assert page.locator(f"{link.get_attribute('href')} h2").inner_text() == link.inner_text()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    page.context.close()


def test_a_screen_reader_is_told_each_picture_and_each_of_its_marks(browser, folder):
    page, _ = opened(browser, folder / "full.html")
    for picture in page.locator(".picture").all():
        assert len(picture.get_attribute("aria-label")) > 30
        assert picture.locator(".mark[role=img][aria-label]").count() >= 10
        assert picture.locator("[role]:not(.mark)").count() == 0
        assert picture.locator("g:not([aria-hidden]) > text:not([aria-hidden])").count() == 0
    assert page.get_by_role("combobox", name="Highlight").count() == 1
    page.context.close()


def test_the_keyboard_reaches_everything(browser, folder):
    page, _ = opened(browser, folder / "full.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").evaluate(BOX)[1] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    stops = []
    for _ in range(16):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.closest('.mark, .scroll, summary')?.getAttribute('class')"))
    # five pictures: the box that scrolls, one stop among the marks, and a summary of each of the tables
    assert stops[:4] == ["scroll", "mark", None, "scroll"]
    assert [stops.count(stop) for stop in ("scroll", "mark", None)] == [5, 5, 6]
    page.context.close()


def test_arrow_keys_go_from_mark_to_mark_and_enter_highlights(browser, folder):
    page, _ = opened(browser, folder / "full.html")
    page.locator("#segment_timeline .mark[tabindex='0']").focus()
    tip = page.locator("#tip")
    first = tip.inner_text()
    assert first.startswith("s0001 espresso, grinder, crema, members by window: 2024-01-01: ")
    page.keyboard.press("ArrowRight")
    assert tip.is_visible() and tip.inner_text() != first
    assert page.locator("#segment_timeline .mark[tabindex='0']").count() == 1
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert page.locator("#pick").input_value() == "s0001"
    for name in ("segment_flows", "segment_timeline", "drift_heat_map", "segment_map"):
        assert page.locator(f"#{name} .mark.dim").count() > 0, name
        assert page.locator(f"#{name} .mark[data-segments~=s0001].dim").count() == 0, name
    page.keyboard.press("Escape")
    assert page.locator(".dim").count() == 0 and not tip.is_visible()
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_pointing_at_a_mark_shows_what_it_is_inside_the_window(browser, folder, width):
    page, _ = opened(browser, folder / "full.html", width)
    mark = page.locator("#segment_flows .nodes .mark").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    tip = page.locator("#tip")
    assert tip.inner_text() == mark.get_attribute("aria-label")
    left, top, right, bottom = tip.evaluate(BOX)
    assert left >= 0 and top >= 0 and right <= width and bottom <= 900
    page.context.close()


def test_a_hostile_name_is_only_text(browser, folder):
    page, troubles = opened(browser, folder / "full.html")
    assert page.locator("script").count() == 1
    page.locator("#pick").select_option("s0013")
    assert page.locator("#pick option:checked").inner_text() == "s0013 café & <script>alert('x')</script>"
    assert troubles == []
    page.context.close()


def test_no_pseudonym_is_in_the_page(folder):
    page = (folder / "full.html").read_text(encoding="utf-8")
    assert not [key for key in planted_frames().members["user_key"].to_list() if key in page]


CONTRAST = """() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
    .map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126*v[0] + .7152*v[1] + .0722*v[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (c !== 'rgba(0, 0, 0, 0)') return c; } };
  const poor = [];
  for (const e of document.querySelectorAll('h1,h2,p,dt,dd,a:not(.skip),summary,option,label,code,text')) {
    const svg = e.tagName === 'text', halo = svg && e.parentElement.getAttribute('class').includes('-halo');
    const on = svg && e.parentElement.getAttribute('class').includes('effects');
    if (halo || on) continue;
    const a = light(svg ? getComputedStyle(e).fill : getComputedStyle(e).color), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([e.textContent, ratio]);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_the_page(browser, folder, scheme):
    page, _ = opened(browser, folder / "full.html", color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    page.context.close()


def test_nothing_moves_for_who_does_not_want_it(browser, folder):
    page, _ = opened(browser, folder / "full.html", reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("getComputedStyle(document.querySelector('.mark')).transitionDuration") == "0s"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_can_be_seen(browser, folder, scheme):
    page, _ = opened(browser, folder / "full.html", color_scheme=scheme)
    for _ in range(12):
        page.keyboard.press("Tab")
        style = "(({outlineStyle, outlineWidth}) => [outlineStyle, parseFloat(outlineWidth)])"
        kind, width = page.evaluate(f"{style}(getComputedStyle(document.activeElement))")
        assert kind == "solid" and width >= 2
    page.context.close()


def test_an_empty_lake_says_so(browser, folder):
    page, _ = opened(browser, folder / "empty.html", 390)
    assert page.locator("dd").inner_text() == "none loaded yet"
    assert page.locator(".picture").count() == 0
    assert page.locator(".summary").count() == 6
    page.context.close()
