"""When the newest closed window is loaded, and when a micro-batch is run in between."""

import dagster as dg

from interest_platform.configuration import LiveSettings
from interest_platform.jobs import MICRO_BATCH, interest_line
from interest_platform.runs import ALIVE, is_dead

newest_closed_window = dg.build_schedule_from_partitioned_job(
    interest_line,
    name="newest_closed_window",
    description="Loads a window as soon as it is closed (its end in UTC has passed).",
)


def micro_batch_every(live: LiveSettings) -> dg.ScheduleDefinition:
    """The schedule of `live.every_minutes`; one that is due while the last is under way is left out."""
    minutes = live.every_minutes

    @dg.schedule(
        name="micro_batch_every",
        job_name=MICRO_BATCH,
        cron_schedule="0 * * * *" if minutes == 60 else f"*/{minutes} * * * *",
        description=f"Places the users who wrote since the newest window provisionally, every {minutes} minutes.",
    )
    def every(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        begun = context.instance.get_runs(filters=dg.RunsFilter(job_name=MICRO_BATCH, statuses=ALIVE))
        running = [run for run in begun if not is_dead(run.tags)]
        if running:
            return dg.SkipReason(f"run {running[0].run_id} is under way; the next micro-batch takes what it has not")
        return dg.RunRequest()

    return every
