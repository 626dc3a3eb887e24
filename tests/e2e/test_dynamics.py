"""Segments through the whole line: planted changes come out, whatever the order of rows and of loading is.

Users bring vectors, so that nothing is encoded; commands run in this process, but for the last tests.
"""

import datetime as dt
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support import interest, make_workplace
from support import start as begin

from interest_platform.code_location import platform_definitions
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError
from interest_platform.jobs import LINE, RESTATE
from interest_platform.lake import Lake
from interest_platform.lake.staleness import stale_in
from interest_platform.restating import restate, to_restate
from interest_platform.runs import run_job, run_windows
from interest_platform.settings import Settings, load_settings
from interest_platform.stores import prepare

pytestmark = pytest.mark.e2e

CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet", columns: {vector: vector}}]
windows: {grain: week, start: 2024-01-01, end: 2024-02-12, lookback: 1}
clustering: {k: auto, k_range: [2, 8], n_init: 3}
drift: {permutations: 19}
planted: {repeats: 0}
"""
MONDAY = dt.datetime(2024, 1, 1, 9)
DIMENSIONS = 16
HOMES = {
    0: ["coffee", "bikes", "stars", "plants"],
    1: ["coffee", "bikes", "stars", "plants"],
    2: ["espresso", "filter", "bikes", "stars", "plants"],
    4: ["espresso", "filter", "bikes", "stars", "plants"],
    5: ["espresso", "filter", "bikes and stars", "plants", "vinyl"],
}
"""Week to the segments there are; nobody wrote in week 3."""
PARENT = {"espresso": "coffee", "filter": "coffee", "bikes": "bikes and stars", "stars": "bikes and stars"}
AXES = {name: i for i, name in enumerate(["coffee", "bikes", "stars", "plants", "vinyl", "espresso", "filter"])}
MEMBERS = 30

BORN = [("birth", (), (s,)) for s in ("bikes", "coffee", "plants", "stars")]
STAY = [("survive", (s,), (s,)) for s in ("bikes", "coffee", "plants", "stars")]
ALL_FIVE = ("bikes", "espresso", "filter", "plants", "stars")
TRUTH = {
    0: BORN,
    1: STAY,
    2: [("split", ("coffee",), ("espresso", "filter")), *(e for e in STAY if e[1] != ("coffee",))],
    3: [("death", (s,), ()) for s in ALL_FIVE],
    4: [("survive", (s,), (s,)) for s in ALL_FIVE],
    5: [
        ("birth", (), ("vinyl",)),
        ("merge", ("bikes", "stars"), ("bikes and stars",)),
        *[("survive", (s,), (s,)) for s in ("espresso", "filter", "plants")],
    ],
}


def centre(home: str) -> np.ndarray:
    axes = np.eye(DIMENSIONS)
    if home == "bikes and stars":
        return axes[AXES["bikes"]] + axes[AXES["stars"]]
    return axes[AXES[home]] + (axes[AXES["coffee"]] if home in ("espresso", "filter") else 0)


def home_of(user: int, week: int) -> str | None:
    """Users 0 to 119 are there from the start, a quarter each; the last 30 come in week 5."""
    quarter, half = divmod(user, MEMBERS)[0], user % 2
    if quarter == 4:
        return "vinyl" if week == 5 else None
    first = ["coffee", "bikes", "stars", "plants"][quarter]
    if first == "coffee":
        return first if week < 2 else ("espresso", "filter")[half]
    return "bikes and stars" if week == 5 and first in ("bikes", "stars") else first


def stream(seed: int = 0) -> pl.DataFrame:
    """user_id, ts, vector, home: a row a user and week, a tenth of the users away."""
    rng, rows = np.random.default_rng(seed), []
    for week in HOMES:
        for user in range(5 * MEMBERS):
            home = home_of(user, week)
            vector = 0.0 if home is None else centre(home) + 0.12 * rng.standard_normal(DIMENSIONS)
            if home is not None and rng.random() < 0.9:
                ts = MONDAY + dt.timedelta(weeks=week, minutes=user)
                rows.append((f"user-{user:03d}", ts, np.asarray(vector).tolist(), home))
    return pl.DataFrame(rows, schema=["user_id", "ts", "vector", "home"], orient="row")


@dataclass
class Line:
    """A workplace whose line runs in this process."""

    folder: Path
    settings: Settings

    def run(self, first: int = 0, last: int = 5) -> None:
        run_windows(platform_definitions(self.settings), prepare(self.settings), LINE, self.windows(first, last))

    def restate(self) -> None:
        defs = platform_definitions(self.settings)
        restate(defs, prepare(self.settings), to_restate(defs, Lake(self.settings)))

    def windows(self, first: int, last: int) -> list[Window]:
        return list(self.settings.grid)[first : last + 1]

    def rows(self, sql: str) -> pl.DataFrame:
        lake = Lake(self.settings)
        try:
            return pl.DataFrame(pl.from_arrow(lake.query(sql)))
        finally:
            lake.close()

    @property
    def segments(self) -> dict[str, list[tuple]]:
        """What the platform says of segments and users, whatever the runs were called."""
        tables = {
            "segment_identities": "*",
            "segment_events": "*",
            "segment_migrations": "*",
            "segment_renames": "*",
            "cluster_members": "*",
            "segment_features": "* EXCLUDE vector",
            "user_moves": "user_key, window_start, from_segment, to_segment, cause",
            "drift_metrics": "window_start, scope, segment_id, metric, value, q_value",
        }
        return {table: self.rows(f"SELECT {what} FROM {table} ORDER BY ALL").rows() for table, what in tables.items()}

    @property
    def stale(self) -> list[int]:
        starts = stale_in(Lake(self.settings))["window_start"].unique().sort()
        return [(start - dt.datetime(2024, 1, 1)).days // 7 for start in starts]

    def events(self) -> dict[int, list[tuple]]:
        """The events of every week by true segments: each segment by the nearest true centre, in its last window."""
        found: dict[int, list[tuple]] = {}
        names: dict[str, str] = {}
        rows = self.rows("SELECT window_start, kind, parents, children FROM segment_events ORDER BY ALL")
        for week in range(6):
            old, names = names, names | self._names(week)
            of_week = rows.filter(pl.col("window_start") == dt.datetime(2024, 1, 1) + dt.timedelta(weeks=week))
            found[week] = sorted(
                (kind, tuple(sorted(old[p] for p in parents)), tuple(sorted(names[c] for c in children)))
                for _, kind, parents, children in of_week.iter_rows()
            )
        return found

    def _names(self, week: int) -> dict[str, str]:
        monday = dt.datetime(2024, 1, 1) + dt.timedelta(weeks=week)
        vectors = self.rows(
            "SELECT segment_id, centroid FROM segment_identities "
            f"JOIN cluster_snapshots USING (window_start, cluster_id) WHERE window_start = '{monday}'"
        )
        homes = HOMES.get(week, [])
        centres = np.array([centre(home) / np.linalg.norm(centre(home)) for home in homes])
        return {s: homes[int((centres @ np.array(c)).argmax())] for s, c in vectors.iter_rows()}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Makes a workplace and turns the environment to it: what runs in this process runs there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTEREST_PSEUDONYM_KEY", "test key")

        def made(name: str, frame: pl.DataFrame | None = None, config: str = CONFIG) -> Line:
            frame = stream() if frame is None else frame
            folder = make_workplace(tmp_path_factory.mktemp(name), config, frame.drop("home"))
            return turn(folder)

        def turn(folder: Path) -> Line:
            patch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
            patch.setenv("INTEREST_HOME", str(folder / "home"))
            return Line(folder, load_settings(os.environ))

        yield made


@pytest.fixture(scope="module")
def whole(make) -> tuple[Line, dict]:
    """All weeks in one run, and what came of it."""
    line = make("whole")
    line.run()
    return line, line.segments


def test_the_planted_events_come_out_exactly(whole):
    line, _ = whole
    assert line.events() == {week: sorted(events) for week, events in TRUTH.items()}
    assert line.stale == []


def test_a_segment_that_lives_keeps_its_id_also_over_the_empty_week(whole):
    line, _ = whole
    ids = line.rows(
        "SELECT segment_id, count(*) AS weeks, count(DISTINCT since) AS sinces FROM segment_identities GROUP BY 1"
    )
    assert sorted(ids["weeks"]) == [1, 1, 2, 3, 3, 4, 4, 5] and set(ids["sinces"]) == {1}


def test_window_by_window_and_a_window_twice_is_the_same_and_the_job_of_one_click_restates_the_later_ones(whole, make):
    line = make("singly")
    for week in range(6):
        line.run(week, week)
        assert line.stale == []
    assert line.segments == whole[1]
    line.run(1, 1)
    assert line.segments == whole[1] and line.stale == [2, 3, 4, 5]
    run_job(platform_definitions(line.settings), prepare(line.settings), RESTATE)
    assert line.stale == [] and line.segments == whole[1]


def test_the_later_half_first_is_a_beginning_and_the_same_once_restated(whole, make):
    """The rows come in another order, too."""
    line = make("halves", stream().sample(fraction=1, shuffle=True, seed=7))
    line.run(3, 5)
    assert {kind for kind, *_ in line.events()[4]} == {"birth"}
    line.run(0, 2)
    assert line.stale == [3, 4, 5]
    line.restate()
    assert line.stale == []
    assert line.segments == whole[1]


def test_late_rows_make_the_later_weeks_stale_and_restating_is_as_if_they_had_come_in_time(make):
    frame = stream()
    late = (pl.col("ts") < MONDAY + dt.timedelta(weeks=2)) & (pl.col("ts") > MONDAY + dt.timedelta(days=6))
    line = make("late", frame.filter(~(late & (pl.col("home") == "plants"))))
    line.run()
    without = line.segments
    frame.drop("home").write_parquet(line.folder / "inbox" / "notes.parquet")
    line.run(1, 1)
    assert line.stale == [2, 3, 4, 5]
    line.restate()
    assert line.stale == [] and line.segments != without
    assert line.events() == {week: sorted(events) for week, events in TRUTH.items()}


def test_the_commands_say_what_is_stale_and_what_restating_has_changed(make):
    """As a user: the later half, the first half, the plan, the restatement, nothing more to do."""
    line = make("told")
    line.run(1, 2)
    first = interest(line.folder, "run", "--no-publish", "--to", "2024-01-08")
    assert "2 windows are stale, the first 2024-01-08" in first.stderr, first.stderr
    plan = interest(line.folder, "restate", "--plan").stdout
    assert "2024-01-08  encoder_migrations: embeddings of 2024-01-01 was loaded after it" in plan
    assert "to run on 2 windows, 2024-01-08 to 2024-01-15: encoder_migrations, user_interests, cluster_sn" in plan
    done = interest(line.folder, "restate", "--no-publish")
    assert done.returncode == 0, done.stderr
    assert (
        "restated 2 windows" in done.stderr
        and "- birth s0001" in done.stdout
        and "+ survive s0001 -> s0001" in done.stdout
    )
    assert "no window is stale" in interest(line.folder, "restate").stdout


def test_after_a_kill_between_the_steps_restating_brings_the_windows_to_their_end(whole, make):
    line = make("killed")
    process = begin(line.folder, "run", "--no-publish")
    clustered = "SELECT 1 FROM window_loads WHERE table_name = 'segment_identities'"
    while not _has(line, clustered):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.kill()
    process.communicate()
    line.restate()
    assert line.stale == [] and line.segments == whole[1]


def _has(line: Line, sql: str) -> bool:
    with suppress(LakeError):
        return line.rows(sql).height > 0
    return False


def test_segments_keep_their_ids_over_a_change_of_encoder_by_their_members(make):
    """The vectors of the second half stand in another space; the same users are in the same segments."""
    frame = stream()
    line = make("encoders", frame, CONFIG.replace("end: 2024-02-12", "end: 2024-01-15"))
    line.run(0, 0)
    turned = np.linalg.qr(np.random.default_rng(1).standard_normal((DIMENSIONS, DIMENSIONS)))[0]
    other = np.stack(frame["vector"].to_list()) @ turned
    frame.with_columns(vector=pl.Series(other.tolist())).drop("home").write_parquet(line.folder / "inbox/notes.parquet")
    (line.folder / "interest.yaml").write_text(CONFIG.replace("vector: vector}", "vector: vector}, encoder: other"))
    line.settings = load_settings(os.environ)
    line.run(1, 1)
    assert line.rows("SELECT count(DISTINCT encoder) FROM user_interests").item() == 2
    kinds = line.rows("SELECT kind, evidence FROM segment_events WHERE window_start = '2024-01-08' ORDER BY ALL").rows()
    assert kinds == [("survive", "members")] * 4
