"""`interest doctor`: is everything there that a run needs?"""

import shutil
from collections.abc import Callable

import typer

from interest_platform.errors import InterestError
from interest_platform.settings import Settings, load_settings

LOW_DISK = 2 * 1024**3


def doctor() -> None:
    """Check settings, home, disk, lake, MLflow, encoder and dbt manifest; exit 1 where something is wrong."""
    from rich.console import Console

    out = Console(soft_wrap=True, highlight=False)
    settings = load_settings()
    out.print(f"ok    settings   {settings.config_path}")
    failed = 0
    for name, check in CHECKS.items():
        try:
            out.print(f"ok    {name:<10} {check(settings)}")
        except InterestError as error:
            failed += 1
            out.print(f"FAIL  {name:<10} {error}")
    if failed:
        raise typer.Exit(1)


def _home(settings: Settings) -> str:
    from interest_platform.stores import prepare

    prepare(settings)
    return str(settings.home)


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < LOW_DISK:
        raise InterestError(
            f"{free / 1e9:.1f} GB free in {settings.home}; a run wants at least {LOW_DISK / 1e9:.1f} GB"
        )
    return f"{free / 1e9:.0f} GB free"


def _lake(settings: Settings) -> str:
    from interest_platform.lake import Lake

    lake = Lake(settings)
    loads = lake.query("SELECT 1 FROM window_loads").num_rows
    return f"version {lake.version()}, {loads} loaded windows of tables"


def _stale(settings: Settings) -> str:
    from interest_platform.lake import Lake
    from interest_platform.lake.staleness import told_stale

    return told_stale(Lake(settings)) or "no window is stale"


def _runs(settings: Settings) -> str:
    from interest_platform.runs import fail_dead_runs
    from interest_platform.stores import prepare
    from interest_platform.tracking import Tracker

    dead = fail_dead_runs(prepare(settings), Tracker(settings))
    return f"{len(dead)} dead runs marked failed" if dead else "none has died"


def _encoder(settings: Settings) -> str:
    from interest_platform.embedding import load_encoder

    if settings.config.vector_encoder:
        return f"vectors of the sources ({settings.config.vector_encoder})"
    encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
    return f"{encoder.fingerprint}, {encoder.dimension} dimensions"


def _published(settings: Settings) -> str:
    from interest_platform.lake.publish import published_version

    version = published_version(settings.published_file)
    return "nothing yet" if version is None else f"lake version {version}; `interest serve` serves it"


def _manifest(settings: Settings) -> str:
    from interest_platform.code_location import platform_definitions

    platform_definitions(settings)
    return "dbt manifest and Dagster definitions load"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "home": _home,
    "disk": _disk,
    "lake": _lake,
    "windows": _stale,
    "runs": _runs,
    "encoder": _encoder,
    "published": _published,
    "graph": _manifest,
}
