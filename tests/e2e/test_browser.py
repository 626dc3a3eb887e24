"""A person at the UIs that `interest dev` serves: sees the line, loads a window, follows it to MLflow's picture."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.screens import (
    CHROMIUM,
    GROUPS,
    PATIENCE,
    Site,
    browser_page,
    free_port,
    graph_nodes,
    launch,
    metadata,
    open_graph,
    open_partition,
    open_picture,
    served,
    stop,
)
from playwright.sync_api import Page, expect
from support import CONFIG, environment, make_workplace

from interest_platform.checks import LARGEST, NOISE, SEGMENTS_FOUND, SIZES_ADD_UP, contract

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH; `make browser` as root installs it"),
]

TEXTS = {"raw_texts", "rejected_texts", "cleaned_tokens"}
INTERESTS = {"embeddings", "user_interests"}
SEGMENTS = {"cluster_snapshots", "cluster_members", "segment_features", "user_segment_features"}
LISTS = {"item_vectors", "recommendations", "recommendation_outcomes", "recommendation_metrics"}
LIVE = {"provisional_segments"}
MARTS = {
    "segments_over_time",
    "recommendation_report",
    "segment_top_items",
    "segment_profile",
    "segment_top_terms",
    "user_segment_history",
}
WINDOW = "2024-01-01"
CHECKS = (contract("cluster_snapshots"), SIZES_ADD_UP, NOISE, LARGEST, SEGMENTS_FOUND)
LOADING = 180_000
"""Milliseconds for one window of 24 texts on a loaded machine; 30 seconds on a free one."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("browser")
    port, mlflow_port = free_port(), free_port()
    tracking = f"tracking: {{ui: 'http://127.0.0.1:{mlflow_port}'}}\n"
    make_workplace(folder, CONFIG + tracking)
    with served(folder, environment(folder), port, mlflow_port, folder / "dev.log") as site:
        yield site
        left = [
            command for command in stop(site.process) if re.search(r"webserver|_daemon|code-server|mlflow", command)
        ]
        assert left == [], "asked to stop, `interest dev` leaves these servers behind"


@pytest.fixture(scope="module")
def page(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    expect.set_options(timeout=PATIENCE / 2)
    with browser_page() as page:
        yield page
        page.screenshot(path=tmp_path_factory.getbasetemp() / "last-page.png")


@pytest.fixture(scope="module")
def loaded(site: Site, page: Page) -> Page:
    """The page after a person has launched the line's job for one window and seen it turn green."""
    open_partition(page, site, "segment_features", WINDOW)
    expect(page.get_by_text("Materialized (0)")).to_be_visible()
    expect(page.get_by_text("Missing (3)")).to_be_visible()
    launch(page, site, "interest_line", WINDOW)
    open_partition(page, site, "segment_features", WINDOW)
    turned = page.get_by_text("Materialized (1)").or_(page.get_by_text("Failed (1)"))
    expect(turned).to_be_visible(timeout=LOADING)
    expect(page.get_by_text("Failed (0)")).to_be_visible()
    expect(page.get_by_text("Missing (2)")).to_be_visible()
    return page


def _shows(label: str, name: str) -> bool:
    """Whether a label is the name, its middle shortened to an ellipsis or not."""
    head, ellipsis, tail = label.partition("…")
    return name.startswith(head) and name.endswith(tail) if ellipsis else label == name


@pytest.mark.parametrize(
    ("groups", "assets"), [(GROUPS, TEXTS | INTERESTS | SEGMENTS | LISTS), (("marts",), MARTS), (("live",), LIVE)]
)
def test_the_graph_shows_every_asset_of_the_line(site: Site, page: Page, groups: tuple[str], assets: set[str]) -> None:
    open_graph(page, site, groups)
    nodes = graph_nodes(page)
    expect(nodes.first).to_be_visible()
    labels = [label.splitlines()[0] for label in nodes.all_inner_texts()]
    missing = {name for name in assets if not any(_shows(label, name) for label in labels)}
    assert missing == set(), labels


def test_the_code_location_is_loaded_and_nothing_warns(site: Site, page: Page) -> None:
    places = {
        "deployment/locations": "1 code location",
        "deployment/concurrency": "Concurrency",
        "jobs": "interest_line",
        "automation": "newest_closed_window",
    }
    for place, told in places.items():
        page.goto(f"{site.dagster}/{place}")
        expect(page.get_by_text(told).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        shown = page.locator("body").inner_text()
        assert not re.search(r"deprecated|warning|an error occurred|failed to load", shown, re.IGNORECASE), shown
        assert place != "deployment/locations" or "\nLoaded\n" in shown


def test_the_schedule_and_the_sensor_are_there(site: Site, page: Page) -> None:
    page.goto(f"{site.dagster}/automation")
    expect(page.get_by_text("newest_closed_window")).to_be_visible()
    expect(page.get_by_text("only on Monday")).to_be_visible()
    expect(page.get_by_text("publish_when_loaded")).to_be_visible()


def test_a_window_loaded_from_the_ui_tells_its_rows(site: Site, loaded: Page) -> None:
    open_partition(loaded, site, "raw_texts", WINDOW)
    expect(metadata(loaded, "rows")).to_have_text("24")  # 12 people, two posts each
    open_partition(loaded, site, "cluster_snapshots", WINDOW)
    expect(metadata(loaded, "members")).to_have_text("12")
    rows = int(metadata(loaded, "rows").inner_text())
    assert 2 <= rows <= 6
    expect(metadata(loaded, "k")).to_have_text(str(rows))
    expect(metadata(loaded, "dagster/table_name")).to_have_text("lake.interest.cluster_snapshots")


def test_the_checks_of_the_window_have_passed(site: Site, loaded: Page) -> None:
    loaded.goto(f"{site.dagster}/assets/cluster_snapshots?view=checks")
    for check in CHECKS:
        expect(loaded.get_by_text(check.name, exact=True).first).to_be_visible()
    expect(loaded.get_by_text("Succeeded", exact=True)).to_have_count(len(CHECKS))
    expect(loaded.get_by_text("This is a blocking asset check.")).to_be_visible()


def test_the_windows_link_leads_to_the_picture_of_its_clusters(site: Site, loaded: Page) -> None:
    open_partition(loaded, site, "cluster_snapshots", WINDOW)
    link = metadata(loaded, "mlflow_run").get_by_role("link").first
    with loaded.expect_popup() as opened:
        link.click()
    run = opened.value
    assert run.url.startswith(f"{site.mlflow}/#/experiments/")
    expect(run.get_by_text(f"cluster_snapshots {WINDOW}").first).to_be_visible()
    expect(run.get_by_text("Finished", exact=True)).to_be_visible()
    picture = open_picture(run, run.url)
    assert picture.evaluate("image => image.naturalWidth") >= 800
    run.close()


def test_screens_without_a_home_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from e2e import screens

    monkeypatch.delenv("INTEREST_HOME", raising=False)
    monkeypatch.setattr("sys.argv", ["screens.py", "--partition", WINDOW, "--to", str(tmp_path)])
    with pytest.raises(SystemExit, match="INTEREST_HOME must name a loaded home"):
        screens.main()
