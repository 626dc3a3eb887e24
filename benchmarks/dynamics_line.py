"""Streams through the whole line: vectors in a Parquet file, `interest run` in a new home, events from the lake."""

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from dynamics_follow import follow
from planted_streams import PLANS, Drawn, Happening, Row, majority, score, stream

from interest_platform.domain.pseudonyms import user_key

KEY, SOURCE = "benchmark", "planted"
START, WEEK = dt.datetime(2024, 1, 1), dt.timedelta(weeks=1)
CONFIG = """
sources: [{{name: {source}, uri: planted.parquet, columns: {{vector: vector}}}}]
windows: {{grain: week, start: {start:%Y-%m-%d}, end: {end:%Y-%m-%d}, lookback: 1}}
drift: {{permutations: 19}}
planted: {{repeats: 0}}
"""
"""Clustering and dynamics are the defaults; what segments do not depend on is kept short."""

EVENTS = "SELECT window_start, kind, parents, children FROM segment_events WHERE kind <> 'survive' ORDER BY ALL"
MEMBERS = """
SELECT window_start, segment_id, user_key
FROM cluster_members JOIN segment_identities USING (window_start, cluster_id)
"""


def main(streams: str, dimensions: Sequence[int], seeds: range) -> None:
    """A line for each stream: the score of the lake's events, seconds, and whether library calls tell the same."""
    for name in (n for n in PLANS if n[0] in streams):
        for size in dimensions:
            for seed in seeds:
                windows, happened = stream(replace(PLANS[name], dimensions=size), seed)
                print(f"{name:22} {size:4d}  seed {seed:2d}  {_told(windows, happened)}", flush=True)


def _told(windows: Sequence[Drawn], happened: Sequence[Happening]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        _write(windows, Path(folder))
        started = time.perf_counter()
        _interest(Path(folder), "run", "--no-publish")
        seconds = time.perf_counter() - started
        rows, wrong = _lake_rows(Path(folder), windows)
    found, same = score(rows, happened), sorted(rows) == sorted(follow(windows)[0])
    counts = f"{found.right:4d} right {found.false:3d} false {found.missed:3d} missed"
    told = f"{'the same' if same else 'NOT the same'} rows as library calls"
    return f"F1 {found.f1:5.3f}  {counts}  wrong k {wrong}/{len(windows)}  {seconds:4.0f} s  {told}"


def _write(windows: Sequence[Drawn], folder: Path) -> None:
    """The source, a week a window, and its interest.yaml."""
    frames = [
        pl.DataFrame(
            {
                "user_id": [f"u{u}" for u in window.users],
                "ts": [START + number * WEEK + dt.timedelta(hours=12)] * len(window.users),
                "vector": pl.Series(window.vectors).cast(pl.List(pl.Float32)),
            }
        )
        for number, window in enumerate(windows)
    ]
    pl.concat(frames).write_parquet(folder / "planted.parquet")
    config = CONFIG.format(source=SOURCE, start=START, end=START + len(windows) * WEEK)
    (folder / "interest.yaml").write_text(config)


def _lake_rows(folder: Path, windows: Sequence[Drawn]) -> tuple[list[Row], int]:
    """The rows of segment_events but for the first window's births, and how many windows have a wrong k."""
    members = _queried(folder, MEMBERS).join(_truth(windows), on=["window_start", "user_key"])
    events = _queried(folder, EVENTS)
    called: dict[str, int] = {}
    rows, wrong = [], 0
    for number in range(len(windows)):
        at = pl.col("window_start") == START + number * WEEK
        of_window = members.filter(at)
        now = {s: majority(of["truth"].to_numpy()) for (s,), of in of_window.group_by("segment_id")}
        before, called = called, called | {str(s): true for s, true in now.items()}
        told = events.filter(at).select("kind", "parents", "children").iter_rows() if number else []
        rows += [(number, kind, _by(before, parents), _by(called, children)) for kind, parents, children in told]
        wrong += len(now) != len(np.unique(windows[number].truth))
    return rows, wrong


def _by(called: dict[str, int], segments: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted(called[s] for s in segments))


def _truth(windows: Sequence[Drawn]) -> pl.DataFrame:
    keys = {u: user_key(KEY.encode(), SOURCE, f"u{u}") for window in windows for u in window.users.tolist()}
    frames = [
        pl.DataFrame(
            {
                "window_start": pl.Series([START + number * WEEK] * len(window.users), dtype=pl.Datetime("us")),
                "user_key": [keys[u] for u in window.users.tolist()],
                "truth": window.truth,
            }
        )
        for number, window in enumerate(windows)
    ]
    return pl.concat(frames)


def _queried(folder: Path, query: str) -> pl.DataFrame:
    out = folder / "answer.parquet"
    _interest(folder, "sql", query, "--format", "parquet", "--out", str(out))
    return pl.read_parquet(out)


def _interest(folder: Path, *arguments: str) -> None:
    """Run `interest ...` there as a user would. Raises `SystemExit` with what it said where it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTEREST_", "DAGSTER_"))}
    told = subprocess.run(
        [sys.executable, "-m", "interest_platform", *arguments],
        cwd=folder,
        env=kept | {"INTEREST_HOME": str(folder / "home"), "INTEREST_PSEUDONYM_KEY": KEY},
        capture_output=True,
        text=True,
    )
    if told.returncode:
        raise SystemExit(f"interest {arguments[0]} failed: {told.stderr.strip()}")
