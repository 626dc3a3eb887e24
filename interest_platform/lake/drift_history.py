"""The measures of change of the windows before: what is usual."""

import polars as pl

from interest_platform.domain.dynamics_tables import DRIFT_METRICS
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.drift.alarms import HISTORY, KNOWN
from interest_platform.lake.lake import Lake


def drift_history(lake: Lake, grid: WindowGrid, window: Window, version: int) -> pl.DataFrame:
    """The columns `KNOWN` of drift_metrics of the last `HISTORY` windows before this one, as far as there are any."""
    earlier = [grid.shift(window, -ago) for ago in range(HISTORY, 0, -1)]
    known = [each for each in earlier if each.start >= grid.first.start]
    return lake.read(DRIFT_METRICS, known, columns=list(KNOWN), version=version)
