"""`interest compare`: encoders, clusterers and rules for k on the lake's own texts, and which does best."""

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from interest_platform.commands.results import PIPED_WIDTH, Format, formatted
from interest_platform.commands.run import From, To
from interest_platform.domain.windows import Window, utc_now
from interest_platform.errors import SettingsError
from interest_platform.settings import Settings, load_settings

if TYPE_CHECKING:
    import polars as pl

SHORT = {"encoder_name": "encoder", "k_rule": "k by", "unassigned_share": "unassigned", "peak_memory_mib": "MiB"}
SHORT |= {"texts_per_second": "texts/s", "held_out": "held out"}
"""Columns as the table for people names them."""


def compare(
    start: From = None,
    to: To = None,
    form: Annotated[Format, typer.Option("--format", help="How the leaderboard is written.")] = Format.TABLE,
) -> None:
    """Measure the grid of `comparison` in interest.yaml on the windows that start in [FROM, TO); rank what it found.

    Texts that are not loaded yet are, first. What was measured before is not measured again, and no text is encoded
    twice; clusters and segments are not touched.
    """
    if form is Format.PARQUET and sys.stdout.isatty():
        raise SettingsError("--format parquet writes bytes: send it to a file with >")
    settings = load_settings()
    windows = compared(settings, start, to)
    notes = _run(settings, windows)
    _tell(settings, windows, notes, form)


def compared(settings: Settings, start: datetime | None, to: datetime | None) -> list[Window]:
    """The closed windows of the comparison that start in [start, to). Raises `SettingsError` where there is none."""
    from interest_platform.comparison.grid import compared_windows

    grid = compared_windows(settings.config)
    windows = grid.between(start or datetime.min, to or datetime.max, utc_now())
    if not windows:
        until = grid.end or "now"
        raise SettingsError(
            f"no closed window of the comparison starts in [{start or grid.start:%Y-%m-%d}, {to or until}); it "
            f"compares {grid.grain}s from {grid.start} to {until} (exclusive), see comparison.start and comparison.end"
        )
    return windows


def _run(settings: Settings, windows: Sequence[Window]) -> Sequence[str]:
    """Run the job over the windows in this process; returns what did not run."""
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import RunBars
    from interest_platform.commands.loading import load_texts
    from interest_platform.commands.run import home_instance
    from interest_platform.comparing import check_comparison, texts_to_load
    from interest_platform.comparison import expand
    from interest_platform.comparison.contestants import without_doubles
    from interest_platform.jobs import COMPARISON
    from interest_platform.lake import Lake
    from interest_platform.progress import reporting_to
    from interest_platform.runs import run_windows

    instance, lake = home_instance(settings), Lake(settings)
    encoders, absent = check_comparison(settings), texts_to_load(settings, lake, windows)
    defs = platform_definitions(settings)
    with RunBars() as bars, reporting_to(bars):
        load_texts(defs, instance, absent)
        run_windows(defs, instance, COMPARISON, windows)
    return [*expand(settings.config).notes, *without_doubles(encoders)[1]]


def _tell(settings: Settings, windows: Sequence[Window], notes: Sequence[str], form: Format) -> None:
    """The ranking of the windows on standard output; how it was ranked, and what did not run, beside it."""
    from interest_platform.commands.bars import console
    from interest_platform.comparison import ranked, rule_told
    from interest_platform.domain.comparison_tables import COMPARISON_LEADERBOARD
    from interest_platform.lake import Lake

    board = ranked(Lake(settings).read(COMPARISON_LEADERBOARD, windows))
    shown = _for_people(board) if form is Format.TABLE else board
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH
    sys.stdout.buffer.write(formatted(shown.to_arrow(), form, width))
    sys.stdout.buffer.flush()
    told = f"{rule_told(board)}; means over {len(windows)} windows from {windows[0].key} (docs/comparison.md)"
    for line in (told, *notes):
        console.print(line, soft_wrap=True, highlight=False)


def _for_people(board: "pl.DataFrame") -> "pl.DataFrame":
    """Without fingerprints and columns in which nothing is told."""
    import polars as pl

    shown = [name for name in board.columns if name != "encoder" and board[name].null_count() < board.height]
    rounded = board.select(shown).with_columns(pl.selectors.float().round(3))
    return rounded.rename({old: new for old, new in SHORT.items() if old in shown})
