"""Which windows show what has been loaded again since: to be restated, in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType

import polars as pl

from interest_platform.clustering.carried.history import OLDEST
from interest_platform.configuration import Configuration
from interest_platform.domain.live_tables import BESIDE_THE_LINE
from interest_platform.domain.offsets import Reach
from interest_platform.domain.steps import EVER, Reads, behind, line_reads
from interest_platform.domain.tables import EMBEDDINGS, WINDOW_LOADS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.drift.reference import windows_back
from interest_platform.lake.lake import Lake
from interest_platform.lake.outdated import ENCODED, outdated_vectors

SCHEMA = pl.Schema({"window_start": pl.Datetime("us"), "step": pl.String(), "because": pl.String()})

Times = Mapping[str, Mapping[int, datetime]]
"""Step to number of the window in the grid to when it was loaded."""


@dataclass(frozen=True)
class Restatement:
    """Steps to run on windows that follow one another without a gap, in the order of the line."""

    windows: Sequence[Window]
    steps: Sequence[str]


def reach_of(config: Configuration) -> Reach:
    """How far back the steps look under these settings."""
    given = config.recommendation
    return Reach(
        lookback=config.windows.lookback,
        grace=config.dynamics.grace,
        reference=windows_back(config.drift, config.windows.grain),
        history=given.history,
        taught=given.taught,
        horizon=given.horizon,
        pooled=OLDEST if config.clustering.carries else 1,
    )


def reads_of(config: Configuration) -> Reads:
    """What the line's steps read under these settings."""
    return line_reads(reach_of(config))


def stale_windows(
    loads: pl.DataFrame, grid: WindowGrid, reads: Reads, outdated: Mapping[datetime, str] = MappingProxyType({})
) -> pl.DataFrame:
    """window_start, step, because: the steps of windows that something they read was loaded after, or is stale itself.

    `loads` has window_start, table_name, loaded_at; `outdated` are windows whose vectors are, with why. A step that was
    never loaded in a window is not stale there, and a window that was never loaded makes nothing stale. Ordered by
    window and step.
    """
    windows = _known(loads, grid)
    times, found = _times(loads, windows, reads), dict[tuple[str, int], str]()
    for step, read in reads.items():
        for number in sorted(times[step]):
            because = outdated.get(windows[number].start, "") if step == EMBEDDINGS.name else ""
            because = because or _because(step, number, read, times, found, windows)
            if because:
                found[step, number] = because
    return _frame(found, windows, reads)


def unfinished_windows(loads: pl.DataFrame, grid: WindowGrid, reads: Reads) -> pl.DataFrame:
    """window_start, step, because: steps that were not loaded in a window though what they come from there was."""
    windows = _known(loads, grid)
    times, found = _times(loads, windows, reads), dict[tuple[str, int], str]()
    for step, read in reads.items():
        here = [other for other, reach in read.items() if reach is not EVER and 0 in reach]
        for number in range(len(windows)):
            come = all(number in times[other] or (other, number) in found for other in here)
            if here and come and number not in times[step]:
                found[step, number] = "is not loaded"
    return _frame(found, windows, reads)


def load_times(lake: Lake, version: int | None = None) -> pl.DataFrame:
    """window_start, table_name, loaded_at of every window of every table, at a version of the lake.

    A micro-batch loads no window, so that what it writes is not among them.
    """
    loads = lake.read(WINDOW_LOADS, columns=["window_start", "table_name", "loaded_at"], version=version)
    return loads.filter(~pl.col("table_name").is_in([table.name for table in BESIDE_THE_LINE]))


def stale_in(lake: Lake, version: int | None = None) -> pl.DataFrame:
    """`stale_windows` of the lake, under its settings."""
    settings = lake.settings
    reads, outdated = reads_of(settings.config), outdated_vectors(lake, version)
    return stale_windows(load_times(lake, version), settings.grid, reads, outdated)


def told_stale(lake: Lake) -> str:
    """One line on the stale windows, with what to do; empty where there is none."""
    found = stale_in(lake)
    starts = found["window_start"].unique().sort()
    if starts.is_empty():
        return ""
    told = (
        f"{len(starts)} windows are stale, the first {starts[0]:%Y-%m-%d}"
        if len(starts) > 1
        else (f"the window {starts[0]:%Y-%m-%d} is stale")
    )
    return f"{told}: {_cause(found)}; `interest restate` loads them again, in order"


def _cause(stale: pl.DataFrame) -> str:
    """What the first stale step says where it is of the encoder, else what holds for all others."""
    encoded = stale.filter(pl.col("because").str.starts_with(ENCODED))
    return encoded["because"][0] if encoded.height else "what they were made from was loaded again since"


def restatements(lake: Lake, steps: Sequence[str], version: int | None = None) -> list[Restatement]:
    """What to run, in this order, so that no window is stale or unfinished in any of the `steps` there are."""
    loads, grid = load_times(lake, version), lake.settings.grid
    reads = {step: read for step, read in reads_of(lake.settings.config).items() if step in steps}
    wrong = _wrong(loads, grid, reads, outdated_vectors(lake, version))
    return [
        Restatement(windows, behind(reads, set(wrong.filter(_among(windows))["step"])))
        for windows in _stretches(loads, grid, wrong)
    ]


def reasons(lake: Lake, wanted: Sequence[Restatement]) -> dict[datetime, str]:
    """Why each of the windows is to be restated: what is said of the first of its steps, oldest window first."""
    steps = sorted({step for each in wanted for step in each.steps})
    found = _wrong(load_times(lake), lake.settings.grid, reads_of(lake.settings.config), outdated_vectors(lake))
    told = found.filter(pl.col("step").is_in(steps)).unique("window_start", keep="first", maintain_order=True)
    lines = {start: f"{step}: {because}" for start, step, because in told.iter_rows()}
    return {w.start: lines.get(w.start, "lies between stale windows") for each in wanted for w in each.windows}


def _wrong(loads: pl.DataFrame, grid: WindowGrid, reads: Reads, outdated: Mapping[datetime, str]) -> pl.DataFrame:
    """What is unfinished, and what is stale or will be once that is finished."""
    unfinished = unfinished_windows(loads, grid, reads)
    finished = unfinished.select("window_start", table_name="step", loaded_at=pl.lit(datetime.max, pl.Datetime("us")))
    stale = stale_windows(pl.concat([loads, finished.cast(loads.schema)]), grid, reads, outdated)
    places = pl.Enum(list(reads))
    return pl.concat([stale, unfinished]).sort("window_start", pl.col("step").cast(places))


def _among(windows: Sequence[Window]) -> pl.Expr:
    return pl.col("window_start").is_between(windows[0].start, windows[-1].start)


def _stretches(loads: pl.DataFrame, grid: WindowGrid, wrong: pl.DataFrame) -> Iterator[list[Window]]:
    """The windows from a wrong one to the last wrong one before a window that was never loaded."""
    loaded, starts = set(loads["window_start"]), set(wrong["window_start"])
    stretch: list[Window] = []
    for window in _known(loads, grid):
        if window.start not in loaded:
            yield from _until_wrong(stretch, starts)
            stretch = []
        elif stretch or window.start in starts:
            stretch.append(window)
    yield from _until_wrong(stretch, starts)


def _until_wrong(stretch: list[Window], starts: set[datetime]) -> Iterator[list[Window]]:
    while stretch and stretch[-1].start not in starts:
        stretch.pop()
    if stretch:
        yield stretch


def _known(loads: pl.DataFrame, grid: WindowGrid) -> list[Window]:
    """The grid's windows up to the last one loaded: a window's place in this list is its number."""
    last, windows = loads["window_start"].max(), list[Window]()
    for window in grid:
        if last is None or window.start > last:  # type: ignore[operator]
            break
        windows.append(window)
    return windows


def _times(loads: pl.DataFrame, windows: Sequence[Window], reads: Reads) -> Times:
    numbers = {window.start: number for number, window in enumerate(windows)}
    times: dict[str, dict[int, datetime]] = {step: {} for step in reads}
    for start, table, loaded_at in loads.select("window_start", "table_name", "loaded_at").iter_rows():
        if table in times and start in numbers:
            times[table][numbers[start]] = loaded_at
    return times


def _because(
    step: str,
    number: int,
    read: Mapping[str, range | None],
    times: Times,
    stale: Mapping[tuple[str, int], str],
    windows: Sequence[Window],
) -> str:
    """Why the step is stale in that window; empty where it is not. What is nearest to the cause is told."""
    own, second = times[step][number], ""
    for other, reach in read.items():
        for near in _numbers(number, reach, times[other]):
            if times[other][near] > own:
                return f"{other} of {windows[near].key} was loaded after it"
            if (other, near) in stale:
                second = second or f"{other} of {windows[near].key} is stale"
    return second


def _numbers(number: int, reach: range | None, loaded: Mapping[int, datetime]) -> Iterator[int]:
    """The loaded windows within reach, oldest first; of all before, the last: it is stale where they are newer."""
    if reach is EVER:
        return islice((other for other in range(number - 1, -1, -1) if other in loaded), 1)
    return (number + back for back in reach if number + back in loaded)


def _frame(found: Mapping[tuple[str, int], str], windows: Sequence[Window], reads: Reads) -> pl.DataFrame:
    order = {step: place for place, step in enumerate(reads)}
    rows = sorted((number, order[step], step, because) for (step, number), because in found.items())
    return pl.DataFrame([(windows[n].start, step, why) for n, _, step, why in rows], SCHEMA, orient="row")
