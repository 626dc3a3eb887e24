"""`interest micro-batch`: where the users stand who wrote since the newest window."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interest_platform.domain.windows import utc_now
from interest_platform.settings import load_settings

if TYPE_CHECKING:
    from dagster import DagsterInstance  # noqa: TID251 - a name for the type checker; nothing is imported

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]

Until = Annotated[
    datetime | None,
    typer.Option(formats=FORMATS, help="Take texts before this time (UTC), for a replay. Default: the present."),
]


def micro_batch(
    until: Until = None,
    publishing: Annotated[bool, typer.Option("--publish/--no-publish", help="Build the marts afterwards.")] = True,
) -> None:
    """Place the users who wrote since the newest loaded window, provisionally, without loading a window.

    Texts are read from that window's end on, those that nobody has encoded yet are encoded, and their users' interests
    are placed among that window's segments: `provisional_segments`, replaced whole each time. The open window's own run
    (`interest run`) replaces what was provisional and measures the difference. Safe beside other runs.
    """
    from interest_platform.code_location import platform_definitions
    from interest_platform.commands.bars import RunBars, console
    from interest_platform.commands.run import home_instance, publish_marts
    from interest_platform.jobs import MICRO_BATCH
    from interest_platform.micro_batching import require_past
    from interest_platform.progress import reporting_to
    from interest_platform.runs import run_job

    settings = load_settings()
    require_past(until, utc_now())
    instance, defs = home_instance(settings), platform_definitions(settings)
    config = {"provisional_segments": {"until": None if until is None else until.isoformat()}}
    started = time.perf_counter()
    with RunBars() as bars, reporting_to(bars):
        run_id = run_job(defs, instance, MICRO_BATCH, config)
    facts = _facts(instance, run_id)
    if nothing := facts.get("nothing_to_do"):
        console.print(nothing, highlight=False, soft_wrap=True)
        return
    _tell(facts, time.perf_counter() - started)
    if publishing:
        publish_marts(defs, instance)


def _facts(instance: "DagsterInstance", run_id: str) -> dict[str, Any]:
    """What the run says of provisional_segments."""
    told = (event.dagster_event for event in instance.all_logs(run_id) if event.dagster_event is not None)
    made = [event.step_materialization_data.materialization for event in told if event.is_step_materialization]
    found = next(each for each in made if each.asset_key.to_user_string() == "provisional_segments")
    return {name: value.value for name, value in found.metadata.items()}


def _tell(facts: dict[str, Any], seconds: float) -> None:
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=True)
    out.print(f"{facts['window']} as of {facts['as_of']}, among the segments of {facts['base_window']}", markup=False)
    out.print(
        f"{facts['users']:,} users wrote: {facts['moved']:,} moved, {facts['new_users']:,} new; "
        f"{facts['texts']:,} texts, {facts['texts_encoded']:,} encoded, {facts['rows_rejected']:,} rows rejected; "
        f"{seconds:.1f} s"
    )
