"""What several suites share: a small source of real sentences, and homes to load it into."""

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from interest_platform.lake import Lake
from interest_platform.settings import load_settings

SUBJECTS = {
    "coffee": ["espresso grinder", "pour over kettle", "roasted beans", "milk foam", "burr grinder", "french press"],
    "bikes": ["bicycle chain", "mountain trail", "carbon frame", "tubeless tyre", "gravel ride", "bottom bracket"],
    "stars": ["telescope mirror", "lunar eclipse", "star cluster", "night sky camera", "orbit of mars", "comet tail"],
}
SAYINGS = [
    "I spent the whole weekend with my {} and loved it.",
    "Does anyone know a better {} for beginners?",
    "The {} I bought last month broke already, what should I do?",
    "My advice on the {}: take your time and read the manual.",
]


def posts(weeks: int = 3, users: int = 12) -> pl.DataFrame:
    """Users who each write about one subject, two posts a week from Monday 2024-01-01, all distinct texts."""
    rows = []
    for week in range(weeks):
        for user in range(users):
            subject = list(SUBJECTS)[user % 3]
            for n in range(2):
                thing = SUBJECTS[subject][(user + week + n) % 6]
                text = f"{SAYINGS[(user + n) % 4].format(thing)} This is about {subject}, week {week}, note {user}."
                ts = dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=7 * week + (user + n) % 7, minutes=user)
                rows.append((f"person-{user:02d}@example.org", text, ts, f"{subject}-{n}", float(1 + user % 5)))
    return pl.DataFrame(rows, schema=["user_id", "text", "ts", "item_id", "rating"], orient="row")


CONFIG = """
sources: [{name: notes, uri: "inbox/*.parquet"}]
windows: {grain: week, start: 2024-01-01, end: 2024-01-22, lookback: 2, half_life_days: 14}
clustering: {k_range: [2, 6], n_init: 3}
"""


def make_workplace(folder: Path, config: str = CONFIG, frame: pl.DataFrame | None = None) -> Path:
    """Write a configuration and its source."""
    (folder / "inbox").mkdir(parents=True)
    (posts() if frame is None else frame).write_parquet(folder / "inbox" / "notes.parquet")
    (folder / "interest.yaml").write_text(config)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of commands in a workplace; OMP threads are left to the machine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("INTEREST_", "DAGSTER_HOME"))}
    return kept | {"INTEREST_HOME": str(folder / "home"), "INTEREST_PSEUDONYM_KEY": "test key", **more}


def interest(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `interest ...` in a workplace as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "interest_platform", *arguments],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=600,
    )


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `interest ...` in a workplace and don't wait."""
    return subprocess.Popen(
        [sys.executable, "-m", "interest_platform", *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Place:
    """A workplace with what its commands said; `rows` reads its lake without starting a process."""

    folder: Path
    plan: str = ""
    run: str = ""

    def rows(self, sql: str) -> pl.DataFrame:
        environ = {"INTEREST_CONFIG": str(self.folder / "interest.yaml"), "INTEREST_HOME": str(self.folder / "home")}
        lake = Lake(load_settings(environ))
        try:
            return pl.DataFrame(pl.from_arrow(lake.query(sql)))
        finally:
            lake.close()

    @property
    def published(self) -> Path:
        return self.folder / "home" / "serving" / "interest.duckdb"


def done(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    return result
