"""When the newest closed window is loaded."""

import dagster as dg

from interest_platform.jobs import interest_line

newest_closed_window = dg.build_schedule_from_partitioned_job(
    interest_line,
    name="newest_closed_window",
    description="Loads a window as soon as it is closed (its end in UTC has passed).",
)
