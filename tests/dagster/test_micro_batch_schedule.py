"""The schedule of micro-batches: how often, and never two at a time."""

import dagster as dg
import pytest

from interest_platform.configuration import LiveSettings
from interest_platform.jobs import MICRO_BATCH
from interest_platform.runs import HOST, PID, STARTED, process_tags
from interest_platform.schedules import micro_batch_every


@pytest.mark.parametrize(("minutes", "cron"), [(10, "*/10 * * * *"), (60, "0 * * * *")])
def test_the_setting_is_the_cron_and_it_is_off_at_first(minutes, cron):
    schedule = micro_batch_every(LiveSettings(every_minutes=minutes))
    assert schedule.cron_schedule == cron
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


@pytest.mark.parametrize(
    ("status", "tags", "skipped"),
    [
        (dg.DagsterRunStatus.NOT_STARTED, {}, True),
        (dg.DagsterRunStatus.STARTED, process_tags(), True),
        # a process of that number that began at another time: the run's own is gone
        (dg.DagsterRunStatus.STARTED, process_tags() | {STARTED: "0.00"}, False),
        (dg.DagsterRunStatus.STARTED, {HOST: "elsewhere", PID: "1", STARTED: "0.00"}, True),
        (dg.DagsterRunStatus.SUCCESS, {}, False),
        (dg.DagsterRunStatus.FAILURE, {}, False),
    ],
)
def test_one_that_is_due_while_the_last_is_under_way_is_left_out(status, tags, skipped):
    with dg.instance_for_test() as instance:
        run_id = "6f1d3c0a-0000-4000-8000-000000000000"
        instance.add_run(dg.DagsterRun(job_name=MICRO_BATCH, run_id=run_id, status=status, tags=tags))
        due = micro_batch_every(LiveSettings())(dg.build_schedule_context(instance=instance))
    assert isinstance(due, dg.SkipReason if skipped else dg.RunRequest)
