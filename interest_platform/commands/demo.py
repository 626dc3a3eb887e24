"""`interest demo`: the whole line on a real mailing-list corpus."""

import os
import sys
import time
from importlib.resources import files
from typing import TYPE_CHECKING

from interest_platform.errors import SettingsError
from interest_platform.settings import CONFIG_NAME, CONFIG_VARIABLE, Settings, home_folder, load_settings

if TYPE_CHECKING:
    from interest_platform.lake import Lake

SAMPLE = "mailing-lists"


def demo() -> None:
    """Fetch the mailing-lists sample, run the line on all its windows, and show the newest segments."""
    from interest_platform.commands.bars import console
    from interest_platform.commands.run import chosen_windows, run_line
    from interest_platform.lake import Lake
    from interest_platform.sources.samples import fetch

    started = time.perf_counter()
    settings = _demo_settings()
    with console.status(f"fetching the sample {SAMPLE}"):
        fetch(SAMPLE, settings.cache_folder)
    run_line(settings, chosen_windows(settings, None, None))
    _show(Lake(settings), settings)
    console.print(f"done in {time.perf_counter() - started:.0f} s", highlight=False)


def _demo_settings() -> Settings:
    """Leave the demo's configuration in its home, so that every other command finds it there."""
    path = home_folder() / CONFIG_NAME
    wanted = (files("interest_platform") / "demo" / CONFIG_NAME).read_text()
    if path.is_file() and path.read_text() != wanted:
        raise SettingsError(f"{path} is not the demo's: set INTEREST_HOME to another folder, or delete that file")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(wanted)
    return load_settings(os.environ | {CONFIG_VARIABLE: str(path)})


def _show(lake: "Lake", settings: Settings) -> None:
    import polars as pl
    from rich.console import Console
    from rich.table import Table

    frame = pl.DataFrame(pl.from_arrow(lake.query(NEWEST_SEGMENTS)))
    table = Table(title="Newest segments")
    for heading in ("window", "segment", "name", "size", "share", "growth", "texts/user"):
        table.add_column(heading, no_wrap=True)
    for key, segment, name, size, share, growth, activity in frame.iter_rows():
        told = "-" if growth is None else f"{growth:+.0%}"
        table.add_row(f"{key:%Y-%m-%d}", segment, name, f"{size}", f"{share:.0%}", told, f"{activity:.1f}")
    out = Console(width=None if sys.stdout.isatty() else 120)
    out.print(table)
    out.print(
        "\nWhere to look next\n"
        "  make dev                                  the graph, the partitions, the MLflow runs with their pictures\n"
        "  .venv/bin/interest report                 flows, lives of segments, drift and users as one page, offline\n"
        '  .venv/bin/interest sql "from segment_features"   the lake by SQL\n'
        f"  duckdb -readonly {settings.published_file}   the published marts, for DuckDB and BI tools",
        highlight=False,
        soft_wrap=True,
    )


NEWEST_SEGMENTS = """
SELECT window_start, segment_id, name, size, share, growth, activity
FROM segment_features
WHERE window_start IN (SELECT DISTINCT window_start FROM segment_features ORDER BY 1 DESC LIMIT 3)
ORDER BY window_start, size DESC, segment_id
"""
