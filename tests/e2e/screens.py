"""Drives the Dagster and MLflow UIs with headless Chromium: for the browser test, and for the pictures of docs/images.

`python tests/e2e/screens.py` serves the home of INTEREST_HOME, which must have been loaded, and writes the pictures.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

CHROMIUM = shutil.which("chromium")
OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1920, "height": 1080}
PATIENCE = 120_000
"""Milliseconds a page may take to show something: on a loaded machine the first page takes 30 seconds."""

GROUPS = ("sources", "texts", "interests", "segments", "recommendation")
IMAGES = Path(__file__).parents[2] / "docs" / "images"
# Both UIs keep their own switches here: navigation folded, the graph from top to bottom, MLflow's assistant closed.
PREFERENCES = """
localStorage.setItem('dagster-nav-collapsed', 'true');
localStorage.setItem('asset-graph-direction', '"vertical"');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.workflowType_v1', '"machine_learning"');
"""
GRAPH_BOX = """() => {
  const boxes = [...document.querySelectorAll('svg foreignObject.group')].map(e => e.getBoundingClientRect());
  return [Math.min(...boxes.map(b => b.left)), Math.min(...boxes.map(b => b.top)),
          Math.max(...boxes.map(b => b.right)), Math.max(...boxes.map(b => b.bottom))];
}"""


@dataclass(frozen=True)
class Site:
    """Where the two UIs are, and the process that serves them."""

    dagster: str
    mlflow: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, environment: Mapping[str, str], port: int, mlflow_port: int, log: Path) -> Iterator[Site]:
    """`interest dev` in a folder, ready to answer; asked to stop at the end, and its whole process group is ended."""
    command = [sys.executable, "-m", "interest_platform", "dev", "--port", str(port), "--mlflow-port", str(mlflow_port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=out, stderr=out, start_new_session=True
        )
    site = Site(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{mlflow_port}", process)
    try:
        for address in (f"{site.dagster}/server_info", f"{site.mlflow}/health"):
            _await_answer(address, process, log)
        yield site
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], patience: float = 40) -> list[str]:
    """End a session leader and what it started. Returns the commands that outlived its own orderly end."""
    group = process.pid
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
    left = members(group)
    if left:
        os.killpg(group, signal.SIGKILL)
        process.wait(timeout=10)
    return left


def members(group: int) -> list[str]:
    """Command lines of the living processes of a process group."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


def _await_answer(address: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError(f"{address} does not answer:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of headless Chromium, 1440 x 900, that waits for what it is asked to find."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        try:
            context = browser.new_context(viewport=SIZE, timezone_id="UTC", locale="en-GB")  # type: ignore[arg-type]
            context.add_init_script(PREFERENCES)
            context.set_default_timeout(PATIENCE)
            yield context.new_page()
        finally:
            browser.close()


def open_graph(page: Page, site: Site, groups: Sequence[str] = GROUPS) -> None:
    """The graph with these groups expanded, as large as the page allows; of too many Dagster shows no names."""
    expanded = ",".join(f"global%40global%3A{group}" for group in groups)
    page.goto(f"{site.dagster}/asset-groups?expanded={expanded}")
    graph_nodes(page).first.wait_for()
    page.locator("button:has([aria-label=panel_show_right])").click()
    _settle(page)
    _enlarge(page)


def graph_nodes(page: Page) -> Locator:
    """The assets that the graph shows. Dagster may shorten the middle of a long name to an ellipsis."""
    return page.locator("[class*=AssetNode_assetNodeContainer]")


def _settle(page: Page) -> None:
    """Wait for the end of the graph's own zooming: its place is the same three times in a row."""
    places = [page.evaluate(GRAPH_BOX)]
    while len(places) < 3 or not places[-1] == places[-2] == places[-3]:
        page.wait_for_timeout(400)
        places.append(page.evaluate(GRAPH_BOX))


def _enlarge(page: Page) -> None:
    """Dagster leaves a third of the page empty: centre the graph and zoom in by its button's smallest step."""
    left, top, right, bottom = page.evaluate(GRAPH_BOX)
    x, y = 100.0, float(SIZE["height"] - 10)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + (68 + SIZE["width"] - left - right) / 2, y + (108 + SIZE["height"] - top - bottom) / 2, steps=5)
    page.mouse.up()
    _settle(page)
    if (right - left) * 1.2 < SIZE["width"] - 190 and (bottom - top) * 1.2 < SIZE["height"] - 130:
        page.locator("button:has([aria-label=zoom_in])").click()
        page.mouse.move(x, y)
        _settle(page)


def launch(page: Page, site: Site, job: str, partition: str) -> None:
    """Materialise one partition of a job, by the dialog that people use."""
    page.goto(f"{site.dagster}/locations/interest_platform/jobs/{job}")
    page.get_by_role("button", name="Materialize all").click()
    asked = page.get_by_placeholder("ex:")
    asked.fill(partition)
    asked.press("Enter")
    page.get_by_role("button", name="Launch 1 run").click()
    # the dialog closes when the run is queued; a page left earlier takes the request with it
    page.get_by_text("Launch runs to materialize").wait_for(state="hidden")


def open_partition(page: Page, site: Site, asset: str, partition: str) -> None:
    """An asset's partitions, with one of them open."""
    page.goto(f"{site.dagster}/assets/{asset}?view=partitions&partition={partition}")
    page.get_by_placeholder("Filter by name").wait_for()
    page.get_by_text("Show tags").wait_for()


def metadata(page: Page, key: str) -> Locator:
    """The value of an entry of the open partition's metadata."""
    return page.locator("tr", has=page.get_by_text(key, exact=True)).locator("td").nth(1)


def open_picture(page: Page, link: str) -> Locator:
    """An MLflow run's picture of its clusters, from the run's address, by the clicks that lead there."""
    page.goto(link)
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("clusters.png", exact=True).first.click()
    picture = page.get_by_role("img", name="clusters.png")
    picture.wait_for()
    page.wait_for_function("document.querySelector('img[alt=\"clusters.png\"]').naturalWidth > 0")
    return picture


def write_pictures(page: Page, site: Site, folder: Path, partition: str) -> None:
    """dagster-graph.png, dagster-partition.png and mlflow-run.png of a loaded home."""
    open_graph(page, site)
    page.screenshot(path=folder / "dagster-graph.png")
    open_partition(page, site, "cluster_snapshots", partition)
    link = metadata(page, "mlflow_run").get_by_role("link").first
    address = link.get_attribute("href") or ""
    link.scroll_into_view_if_needed()
    page.screenshot(path=folder / "dagster-partition.png")
    # the home's links name the port that `interest dev` has by default
    open_picture(page, site.mlflow + address[address.index("/#/") :])
    page.get_by_role("button", name="Toggle sidebar").click()
    # where the home lies is not for the picture
    page.get_by_text("Path: file://").evaluate("element => { element.parentElement.style.visibility = 'hidden' }")
    page.mouse.move(700, 890)
    page.wait_for_timeout(1000)
    page.screenshot(path=folder / "mlflow-run.png")


def main() -> None:
    """Serve the home and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partition", required=True, help="window to show, such as 2002-09-23")
    parser.add_argument("--to", type=Path, default=IMAGES, help="folder to write to (default: docs/images)")
    asked = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("error: no chromium on the PATH: apt-get install chromium")
    if "INTEREST_HOME" not in os.environ:
        sys.exit("error: INTEREST_HOME must name a loaded home")
    home = Path(os.environ["INTEREST_HOME"]).absolute()
    asked.to.mkdir(parents=True, exist_ok=True)
    log = home / "tmp" / "screens.log"
    log.parent.mkdir(exist_ok=True)
    with served(home, os.environ, free_port(), free_port(), log) as site, browser_page() as page:
        try:
            write_pictures(page, site, asked.to, asked.partition)
        except TimeoutError as error:
            page.screenshot(path=asked.to / "failed.png")
            sys.exit(f"error: {error.message.splitlines()[0]}; {asked.to / 'failed.png'} shows the page")


if __name__ == "__main__":
    main()
