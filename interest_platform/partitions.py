"""The windows as a Dagster partitions definition: same keys, same bounds."""

import dagster as dg

from interest_platform.domain.windows import Grain, Window, WindowGrid

QUARTERLY = "0 0 1 1,4,7,10 *"
"""Midnight of the first of January, April, July and October."""


def partitions_of(grid: WindowGrid) -> dg.TimeWindowPartitionsDefinition:
    """One partition a window; its key is `Window.key`. Weeks begin on Monday (Dagster's own default is Sunday)."""
    start, end = f"{grid.start}", None if grid.end is None else f"{grid.end}"
    if grid.grain is Grain.DAY:
        return dg.DailyPartitionsDefinition(start_date=start, end_date=end)
    if grid.grain is Grain.WEEK:
        return dg.WeeklyPartitionsDefinition(start_date=start, end_date=end, day_offset=1)
    if grid.grain is Grain.MONTH:
        return dg.MonthlyPartitionsDefinition(start_date=start, end_date=end)
    return dg.TimeWindowPartitionsDefinition(cron_schedule=QUARTERLY, start=start, end=end, fmt="%Y-%m-%d")


def windows_of(context: dg.AssetExecutionContext, grid: WindowGrid) -> list[Window]:
    """The windows of this run, oldest first: one partition, or the range of a single-run backfill."""
    return [grid.window(key) for key in context.partition_keys]
