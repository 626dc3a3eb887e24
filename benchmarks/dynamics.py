"""Segments followed over planted streams: F1 of the changes told, beside published rules on the same streams.

`--fast` (the default) calls the library: `cluster` with its start from the last window, then `genealogy`. `--line` runs
the whole line through a source's `vector` column with `interest run`. One setting for all streams: the defaults.
"""

import argparse
import importlib.util
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402
from dynamics_follow import (  # noqa: E402
    Labelled,
    follow,
    follow_by,
    fresh_clusters,
    monic,
    nearest,
    platform_clusters,
    sighting,
)
from following import Following  # noqa: E402
from planted_streams import PLANS, TO_REACH, Drawn, Happening, Plan, Score, score, stream  # noqa: E402

RULES = {"MONIC .5/.25": monic(0.5, 0.25), "MONIC .7/.3": monic(0.7, 0.3), "cosine .7": nearest(0.7)}
SHARED = ROOT.parent / "shared" / "planted.py"
HARDER = {
    "three windows a change": {"span": 3, "windows": 14},
    "splits in three": {"ways": 3},
    "12 segments": {"segments": 12},
    "18 segments": {"segments": 18},
    "400 users": {"users": 400},
    "5,000 users": {"users": 5000},
}
FLOORS = (20, 50, 100)


@dataclass(frozen=True)
class Result:
    """Of one or several streams: the score, windows whose k is wrong, windows, transitions, seconds."""

    score: Score = field(default_factory=Score)
    wrong: int = 0
    windows: int = 0
    transitions: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Result") -> "Result":
        return Result(
            self.score + other.score,
            self.wrong + other.wrong,
            self.windows + other.windows,
            self.transitions + other.transitions,
            self.seconds + other.seconds,
        )

    def __str__(self) -> str:
        wrong, a_window = self.wrong / max(self.windows, 1), 1000 * self.seconds / max(self.windows, 1)
        false = f"{self.score.false_windows}/{self.transitions}"
        counts = f"{self.score.right:4d} right {self.score.false:3d} false {self.score.missed:3d} missed"
        return f"F1 {self.score.f1:5.3f}  {counts}  false windows {false:>7}  wrong k {wrong:5.1%}  {a_window:4.0f} ms"


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--fast", action="store_true", help="library calls on streams A to K (the default)")
    mode.add_argument("--line", action="store_true", help="the whole line, by `interest run`")
    mode.add_argument("--harder", action="store_true", help="gradual, three ways, many segments, few users, floors")
    mode.add_argument("--texts", action="store_true", help="stream L: real texts of ../shared/data")
    mode.add_argument("--cost", action="store_true", help="100,000 users x 384 against the last window")
    parser.add_argument("--streams", default="ABCDEFGHIJK")
    parser.add_argument("--dimensions", type=int, nargs="+", default=[64, 384])
    parser.add_argument("--seeds", type=int, nargs=2, default=[0, 10], metavar=("FIRST", "END"))
    parser.add_argument("--rival-seeds", type=int, default=3, help="of these the first are given to the rivals too")
    parser.add_argument("--shared", action="store_true", help="draw the streams by ../shared/planted.py instead")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    if given.cost:
        cost(100_000, 384)
    elif given.texts:
        from dynamics_texts import main as texts

        texts(range(*given.seeds), given.processes)
    elif given.line:
        from dynamics_line import main as line

        line(given.streams, given.dimensions, range(*given.seeds))
    else:
        with ProcessPoolExecutor(given.processes) as pool:
            (harder if given.harder else table)(pool, given)


def table(pool: ProcessPoolExecutor, given: argparse.Namespace) -> None:
    """Every stream in every number of dimensions, rivals below."""
    seeds = range(*given.seeds)
    draw = partial(shared_stream) if given.shared else stream_of
    for name in (n for n in PLANS if n[0] in given.streams):
        for dimensions in given.dimensions:
            told = sum(pool.map(partial(platform, draw, name, dimensions), seeds), Result())
            reach = f"to reach {TO_REACH[name[0]]:.2f}" if name[0] in TO_REACH else "to reach: 1 false window in 20"
            print(f"{name:22} {dimensions:4d}  {told}  {reach}", flush=True)
            for rival in sum_by_name(pool.map(partial(rivals, draw, name, dimensions), seeds[: given.rival_seeds])):
                print(rival, flush=True)


def harder(pool: ProcessPoolExecutor, given: argparse.Namespace) -> None:
    """How it degrades: stream B changed in one respect at a time, then with a floor on segments' sizes."""
    seeds = range(*given.seeds)
    for name, change in HARDER.items():
        for letter in given.streams if len(given.streams) < 11 else "AB":
            base = next(n for n in PLANS if n[0] == letter)
            for dimensions in given.dimensions:
                plan = replace(PLANS[base], dimensions=dimensions, **change)
                told = sum(pool.map(partial(planned, plan, 0), seeds), Result())
                print(f"{letter}, {name:22} {dimensions:4d}  {told}", flush=True)
    for floor in FLOORS:
        for dimensions in given.dimensions:
            plan = replace(PLANS["I uneven"], dimensions=dimensions)
            told = sum(pool.map(partial(planned, plan, floor), seeds), Result())
            print(f"I, no segment below {floor:<6d} {dimensions:4d}  {told}", flush=True)


def stream_of(name: str, dimensions: int, seed: int) -> tuple[list[Drawn], list[Happening]]:
    """Our own drawing of a stream."""
    return stream(replace(PLANS[name], dimensions=dimensions), seed)


def shared_stream(name: str, dimensions: int, seed: int) -> tuple[list[Drawn], list[Happening]]:
    """The stream of the same letter as ../shared/planted.py draws it."""
    spec = importlib.util.spec_from_file_location("shared_planted", SHARED)
    if spec is None or spec.loader is None or not SHARED.is_file():
        raise SystemExit(f"{SHARED}: not found; --shared needs it")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    options = next(o for n, o in module.STREAMS.items() if n[0] == name[0])
    drawn, truth = module.make(seed, D=dimensions, W=PLANS[name].windows, **options)
    happened = [
        Happening(kind, frozenset(parents), frozenset(children), window, window)
        for window, events in enumerate(truth)
        for kind, parents, children in sorted(events)
        if kind != "survive"
    ]
    return [Drawn(ids, vectors.astype(np.float32), y) for ids, vectors, y in drawn], happened


def platform(draw, name: str, dimensions: int, seed: int) -> Result:
    """The platform on one stream."""
    return _followed(*draw(name, dimensions, seed), 0)


def planned(plan: Plan, floor: int, seed: int) -> Result:
    """The platform on a stream of any plan."""
    return _followed(*stream(plan, seed), floor)


def _followed(windows: Sequence[Drawn], happened: Sequence[Happening], floor: int) -> Result:
    started = time.perf_counter()
    rows, wrong = follow(windows, floor)
    seconds = time.perf_counter() - started
    return Result(score(rows, happened), sum(wrong), len(windows), len(windows) - 1, seconds)


def rivals(draw, name: str, dimensions: int, seed: int) -> dict[str, Result]:
    """Every rule on one stream, with k by silhouette in each window and with the true k."""
    windows, happened = draw(name, dimensions, seed)
    found = {}
    for how, true_k in (("k by silhouette", False), ("true k", True)):
        started = time.perf_counter()
        seen = fresh_clusters(windows, true_k)
        seconds = time.perf_counter() - started
        wrong = sum(w.wrong_k for w in seen)
        for rule_name, rule in RULES.items():
            told = score(follow_by(rule, seen), happened)
            found[f"{rule_name}, {how}"] = Result(told, wrong, len(windows), len(windows) - 1, seconds)
    return found


def sum_by_name(found: Iterator[dict[str, Result]]) -> list[str]:
    """A line for every rule."""
    total: dict[str, Result] = {}
    for of_seed in found:
        total = {name: total.get(name, Result()) + result for name, result in of_seed.items()}
    return [f"  {name:30} {result}" for name, result in total.items()]


def cost(users: int, dimensions: int) -> None:
    """Seconds and memory of a large window against the last one, clusters and transitions."""
    plan = replace(PLANS["B close children"], users=users, dimensions=dimensions, windows=2, segments=20)
    with ProcessPoolExecutor(1) as elsewhere:  # drawing takes more memory than the windows do
        windows, _ = elsewhere.submit(stream, plan, 0).result()
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds: list[float] = []
    last: Labelled | None = None
    following = Following()
    for window in windows:
        started = time.perf_counter()
        last = platform_clusters(window, last)
        following.step(sighting(last))
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{users} users x {dimensions}: first window {seconds[0]:.1f} s, against the last {seconds[1]:.1f} s")
    print(f"memory: {held / 2**20:.2f} GiB with the two windows drawn, {peak / 2**20:.2f} GiB at the peak")


if __name__ == "__main__":
    main()
