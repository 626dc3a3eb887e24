"""`interest experiment`: plan an A/B test, deal users to its variants, judge it from the tables you bring."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interest_platform.errors import InterestError, SettingsError
from interest_platform.settings import load_settings, pseudonym_key, read_yaml

if TYPE_CHECKING:
    import polars as pl

    from interest_platform.configuration import TableSettings
    from interest_platform.lake import Lake
    from interest_platform.recommendation.experiment.plan_file import ExperimentFile

File = Annotated[Path, typer.Argument(help="YAML of the experiment (docs/experiments.md).")]

experiment = typer.Typer(help="A/B tests: how many users, who sees what, and what came of it.", no_args_is_help=True)


@experiment.command()
def size(
    effect: Annotated[float, typer.Option(help="Smallest difference to be found, in the metric's own unit.")],
    baseline: Annotated[float | None, typer.Option(help="The control's share, for a metric that is yes or no.")] = None,
    sd: Annotated[float | None, typer.Option(help="Standard deviation over users, for any other metric.")] = None,
    alpha: Annotated[float, typer.Option(help="False alarms that are put up with.")] = 0.05,
    power: Annotated[float, typer.Option(help="How surely the effect is found.")] = 0.8,
    ratio: Annotated[float, typer.Option(help="Treated users for each control user.")] = 1.0,
    correlation: Annotated[float, typer.Option(help="Of the metric with its value before (CUPED).")] = 0.0,
    variants: Annotated[int, typer.Option(help="Variants that are compared with the control.")] = 1,
    peeked: Annotated[bool, typer.Option(help="Judged by the confidence sequence, at any look.")] = False,
) -> None:
    """Tell how many users each arm needs."""
    from interest_platform.recommendation.experiment.sample_size import Design, users_for_mean, users_for_proportion

    design = Design(alpha, power, ratio, correlation, variants, peeked)
    if baseline is not None and sd is None:
        found = users_for_proportion(baseline, effect, design)
    elif sd is not None and baseline is None:
        found = users_for_mean(effect, sd, design)
    else:
        raise SettingsError("give either --baseline (a share of users) or --sd (any other metric)")
    of = "" if variants == 1 else f" in each of {variants} variants"
    typer.echo(f"{found.control:,} control users, {found.treated:,} treated{of}")


@experiment.command()
def assign(
    file: File,
    out: Annotated[Path | None, typer.Option(help="File to write: .parquet, else CSV.")] = None,
    window: Annotated[str | None, typer.Option(help="Whose users (its first day). Default: the newest window.")] = None,
) -> None:
    """Deal a window's users to the variants, and show how chance dealt each segment."""
    from interest_platform.commands.results import Format, formatted
    from interest_platform.lake import Lake
    from interest_platform.recommendation.experiment.assignment import strata_counts

    settings = load_settings()
    dealt = _file(file).assignment
    lake = Lake(settings)
    lake.prepare()
    users = _users(lake, window)
    assigned = users.with_columns(dealt.assign(users["user_key"]))
    if out is not None:
        form = Format.PARQUET if out.suffix == ".parquet" else Format.CSV
        try:
            out.write_bytes(formatted(assigned.to_arrow(), form))
        except OSError as error:
            raise InterestError(f"--out {out}: {error.strerror}") from error
    typer.echo(formatted(strata_counts(assigned).to_arrow(), Format.TABLE).decode(), nl=False)


@experiment.command()
def report(
    file: File,
    exposures: Annotated[str, typer.Option(help="Table of who saw what: Parquet, CSV or JSON lines.")],
    outcomes: Annotated[str, typer.Option(help="Table of what users did.")],
    until: Annotated[datetime | None, typer.Option(help="What is known at this time (UTC). Default: now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
) -> None:
    """Judge the experiment: verdicts, metrics, guardrails, segments. May be looked at as often as wanted."""
    from interest_platform.commands.experiment_report import as_json as told_json
    from interest_platform.commands.experiment_report import as_text
    from interest_platform.domain.windows import utc_now
    from interest_platform.ingest import read_experiment
    from interest_platform.lake import Lake
    from interest_platform.recommendation.experiment.report import report as judged

    settings = load_settings()
    plan = _file(file).plan
    key = pseudonym_key(settings.home)
    shown, done = read_experiment(settings, key, _table(exposures), _table(outcomes))
    lake = Lake(settings)
    lake.prepare()
    found = judged(plan, _with_segments(lake, shown), done, until or utc_now())
    typer.echo(told_json(found) if as_json else as_text(found), nl=False)


def _file(path: Path) -> "ExperimentFile":
    from interest_platform.recommendation.experiment.plan_file import ExperimentFile

    return read_yaml(path, ExperimentFile)


def _table(address: str) -> "TableSettings":
    """A path is meant from where the command is called, and not from where interest.yaml is."""
    from interest_platform.configuration import TableSettings

    return TableSettings(uri=address if "://" in address else str(Path(address).absolute()))


def _users(lake: "Lake", key: str | None) -> "pl.DataFrame":
    """user_key and segment_id of the users of a window, by user_key."""
    from interest_platform.domain.tables import USER_SEGMENT_FEATURES
    from interest_platform.domain.windows import utc_now

    grid = lake.settings.grid
    windows = lake.loaded_windows(USER_SEGMENT_FEATURES.name, grid.closed(utc_now()))
    chosen = [grid.window(key)] if key is not None else windows[-1:]
    users = lake.read(USER_SEGMENT_FEATURES, chosen, columns=["user_key", "segment_id"]) if chosen else None
    if users is None or users.is_empty():
        raise InterestError(f"there are no users in {key or 'any window'} to deal: `interest run` loads windows")
    return users


def _with_segments(lake: "Lake", exposures: "pl.DataFrame") -> "pl.DataFrame":
    from interest_platform.domain.tables import USER_SEGMENT_FEATURES
    from interest_platform.domain.windows import utc_now
    from interest_platform.recommendation.experiment.segments import with_segments

    times = exposures["ts"].to_list() or [utc_now()]
    first, last = min(times), max(times)
    closed = lake.settings.grid.closed(utc_now())
    # the newest window that was over at the first exposure, and those that ended until the last
    windows = [w for w in closed if w.end <= first][-1:] + [w for w in closed if first < w.end <= last]
    columns = ["window_start", "user_key", "segment_id"]
    return with_segments(exposures, windows, lake.read(USER_SEGMENT_FEATURES, windows, columns=columns))
