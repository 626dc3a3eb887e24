"""Runs started from the command line: the whole range in this process, and the end of runs whose process died."""

import os
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from interest_platform.collector import settled
from interest_platform.domain.windows import Window
from interest_platform.errors import InterestError
from interest_platform.event_storage import light_event_storage

if TYPE_CHECKING:
    from interest_platform.tracking import Tracker

HOST, PID, STARTED = "interest/host", "interest/pid", "interest/process_started"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
ALIVE = [*UNFINISHED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]
"""A run that has not come to its end yet, whether or not it has begun."""

INTERRUPTED = "DagsterExecutionInterruptedError"
"""What a step that Ctrl-C met fails with."""


class RunFailed(InterestError):
    """A Dagster run ended without success."""


def process_tags(pid: int | None = None) -> dict[str, str]:
    """Tags that name a process beyond reuse of its number: host, pid and start time."""
    import psutil

    process = psutil.Process(pid or os.getpid())
    return {HOST: socket.gethostname(), PID: str(process.pid), STARTED: f"{process.create_time():.2f}"}


def mark_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Tag the run with this process, so that others can tell whether it is still alive."""
    instance.add_run_tags(run_id, process_tags())


def fail_dead_runs(instance: dg.DagsterInstance, tracker: "Tracker") -> list[str]:
    """Fail the unfinished runs whose process on this host is gone, and their MLflow runs. Returns their ids."""
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    dead = [run for run in runs if is_dead(run.tags)]
    for run in dead:
        instance.report_run_failed(run, f"process {run.tags[PID]} is gone; windows that landed before stay")
    tracker.end_orphans([run.run_id for run in dead])
    return [run.run_id for run in dead]


def is_dead(tags: Mapping[str, str]) -> bool:
    """Whether the process that a run was in, told by its tags, was on this host and is gone."""
    import psutil

    if tags.get(HOST) != socket.gethostname():
        return False
    try:
        return process_tags(int(tags[PID])).get(STARTED) != tags.get(STARTED)
    except psutil.NoSuchProcess:
        return True


def run_windows(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    windows: Sequence[Window],
    assets: Collection[dg.AssetKey] | None = None,
) -> str:
    """Run the job, or only these of its assets, over the windows as one Dagster run in this process. Returns its id.

    Raises `RunFailed` with the first failure's own line.
    """
    tags = {
        "dagster/asset_partition_range_start": windows[0].key,
        "dagster/asset_partition_range_end": windows[-1].key,
    }
    return _execute(defs, instance, job, tags, assets)


def run_job(
    defs: dg.Definitions, instance: dg.DagsterInstance, job: str, config: Mapping[str, Mapping[str, Any]] | None = None
) -> str:
    """Run an unpartitioned job in this process. Returns the run's id; raises `RunFailed`.

    `config` maps ops to their configuration.
    """
    return _execute(defs, instance, job, {}, config=config)


def _execute(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    tags: dict[str, str],
    assets: Collection[dg.AssetKey] | None = None,
    config: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    ops = {"ops": {op: {"config": dict(told)} for op, told in config.items()}} if config else {}
    with light_event_storage(), settled():
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            raise_on_error=False,
            tags=tags | process_tags(),
            run_config=QUIET | ops,
            asset_selection=None if assets is None else sorted(assets),
        )
    if not result.success:
        raise RunFailed(_told(instance, result))
    return result.run_id


def _told(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> str:
    failed = [event for event in result.all_events if event.is_failure]
    run = instance.get_run_by_id(result.run_id)
    interrupted = any(info.cls_name == INTERRUPTED for event in failed for info in _chain(event))
    if interrupted or (run is not None and run.status == dg.DagsterRunStatus.CANCELED):
        return f"run {result.run_id} was interrupted; windows that landed stay, run the same command again to go on"
    return _line(failed[0]) if failed else f"run {result.run_id} did not succeed; run the same command again"


def _chain(event: dg.DagsterEvent) -> list[Any]:
    """The errors behind a failure, innermost first."""
    chain: list[Any] = []
    error = getattr(event.event_specific_data, "error", None)
    while error is not None:
        chain.insert(0, error)
        error = error.cause
    return chain


def _line(event: dg.DagsterEvent) -> str:
    """The failure's innermost understood error, else its innermost error with the class's name."""
    chain = _chain(event)
    understood = {cls.__name__ for cls in _subclasses(InterestError)}
    for info in chain:
        if info.cls_name in understood:
            return _first_line(info.message).partition(": ")[2]
    return _first_line(chain[0].message) if chain else event.message or f"step {event.step_key} failed"


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")


def _subclasses(cls: type) -> list[type]:
    return [cls, *(s for c in cls.__subclasses__() for s in _subclasses(c))]
