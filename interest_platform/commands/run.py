"""`interest run` and `interest publish`."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from interest_platform.domain.windows import Window, utc_now
from interest_platform.errors import SettingsError
from interest_platform.settings import Settings, load_settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions  # noqa: TID251 - names for the type checker; nothing is imported

From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, included.")]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Day to stop at, excluded.")]


def run(
    start: From = None,
    to: To = None,
    publishing: Annotated[bool, typer.Option("--publish/--no-publish", help="Build the marts afterwards.")] = True,
) -> None:
    """Load the windows that start in [FROM, TO), all closed ones when left out, and publish the marts.

    Several at once on different windows are safe. What is loaded already is loaded again; no text is encoded twice.
    """
    settings = load_settings()
    run_line(settings, chosen_windows(settings, start, to), publishing)


def publish() -> None:
    """Build the dbt marts into a new serving/interest.duckdb and swap it in."""
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import console

    settings = load_settings()
    publish_marts(platform_definitions(settings), home_instance(settings))
    console.print(f"published {settings.published_file}", soft_wrap=True)


def publish_marts(defs: "Definitions", instance: "DagsterInstance") -> None:
    """Run the job that builds the published file and the report, in this process."""
    from interest_platform.commands.bars import console, quiet_output
    from interest_platform.jobs import PUBLISH
    from interest_platform.runs import run_job

    with console.status("publishing the marts"), quiet_output():
        run_job(defs, instance, PUBLISH)


def chosen_windows(settings: Settings, start: datetime | None, to: datetime | None) -> list[Window]:
    """The closed windows of the config that start in [start, to). Raises `SettingsError` where there is none."""
    windows = settings.grid.between(start or datetime.min, to or datetime.max, utc_now())
    if not windows:
        grid, until = settings.grid, settings.grid.end or "now"
        raise SettingsError(
            f"no closed window starts in [{start or grid.start:%Y-%m-%d}, {to or until}); "
            f"windows are {grid.grain}s from {grid.start} to {until} (exclusive)"
        )
    return windows


def run_line(settings: Settings, windows: Sequence[Window], publishing: bool = True) -> int:
    """Run the line over the windows in this process, with progress bars. Returns how many texts were encoded."""
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import RunBars, console
    from interest_platform.jobs import LINE
    from interest_platform.progress import reporting_to
    from interest_platform.runs import run_windows

    _check_encoder(settings)
    instance = home_instance(settings)
    _check_training(settings, windows)
    defs = platform_definitions(settings)
    with RunBars() as bars, reporting_to(bars):
        run_windows(defs, instance, LINE, windows)
    if publishing:
        publish_marts(defs, instance)
    console.print(f"loaded {len(windows)} windows, encoded {bars.encoded_texts:,} texts", highlight=False)
    _tell_structure(settings, windows)
    _tell_stale(settings)
    return bars.encoded_texts


def _check_encoder(settings: Settings) -> None:
    """Fail on a model or a key that is not there before the first table is written, not half-way."""
    from interest_platform.embedding import load_encoder
    from interest_platform.endpoint import endpoint_key

    if chat := settings.config.naming.chat:
        endpoint_key(chat.key_variable, "naming.chat.key_variable")
    if settings.config.vector_encoder is None:
        load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)


def _check_training(settings: Settings, windows: Sequence[Window]) -> None:
    """Fail at once where the encoder is to learn from texts that this run will not have loaded by then."""
    from interest_platform.lake import Lake
    from interest_platform.training import require_texts, untrained

    if untrained(settings):
        require_texts(settings, Lake(settings), windows)


def _tell_structure(settings: Settings, windows: Sequence[Window]) -> None:
    """Say how far the users of the newest window with any fall into groups, so that one segment is no surprise."""
    from interest_platform.commands.bars import console
    from interest_platform.domain.tables import CLUSTER_SNAPSHOTS
    from interest_platform.lake import Lake
    from interest_platform.segments.structure import COLUMNS, structure_in

    lake = Lake(settings)
    for window in reversed(windows):
        if (found := structure_in(lake.read(CLUSTER_SNAPSHOTS, [window], columns=COLUMNS))) is not None:
            style = "yellow" if found.structure == "none" else None
            console.print(f"{window.key}: {found.told}", style=style, soft_wrap=True, highlight=False)
            return


def _tell_stale(settings: Settings) -> None:
    """Say so where other windows are to be restated now."""
    from interest_platform.commands.bars import console
    from interest_platform.lake import Lake
    from interest_platform.lake.staleness import told_stale

    if told := told_stale(Lake(settings)):
        console.print(told, style="yellow", soft_wrap=True, highlight=False)


def home_instance(settings: Settings) -> "DagsterInstance":
    """The home's Dagster instance, with the runs marked failed whose process has died."""
    from interest_platform.commands.bars import console
    from interest_platform.runs import fail_dead_runs
    from interest_platform.stores import prepare
    from interest_platform.tracking import Tracker

    instance = prepare(settings)
    for dead in fail_dead_runs(instance, Tracker(settings)):
        console.print(f"run {dead} had died and is now marked failed", style="yellow", soft_wrap=True)
    return instance
