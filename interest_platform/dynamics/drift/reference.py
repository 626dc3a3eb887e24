"""Which window a window is compared with."""

from interest_platform.configuration import DriftSettings
from interest_platform.domain.windows import Grain, Window, WindowGrid

SEASON = {Grain.DAY: 7, Grain.WEEK: 52, Grain.MONTH: 12, Grain.QUARTER: 4}
"""Windows back to the same weekday, week of the year, month or quarter."""


def windows_back(settings: DriftSettings, grain: Grain) -> int:
    """How many windows before a window its reference lies."""
    return 1 if settings.reference == "previous" else SEASON[grain]


def reference_of(window: Window, settings: DriftSettings, grid: WindowGrid) -> Window | None:
    """The reference window; none where history begins later."""
    reference = grid.shift(window, -windows_back(settings, grid.grain))
    return reference if reference.start >= grid.first.start else None
