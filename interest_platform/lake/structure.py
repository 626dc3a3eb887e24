"""How far the users of the newest window fall into groups."""

from collections.abc import Sequence

from interest_platform.domain.tables import CLUSTER_SNAPSHOTS
from interest_platform.domain.windows import Window
from interest_platform.lake.lake import Lake
from interest_platform.segments.structure import COLUMNS, Found, structure_in


def newest_structure(lake: Lake, windows: Sequence[Window]) -> Found | None:
    """The structure of the newest of the windows (oldest first) that has users; None where none has."""
    for window in reversed(windows):
        rows = lake.read(CLUSTER_SNAPSHOTS, [window], columns=COLUMNS)
        if rows.height:
            return structure_in(rows, f"{window.key}: ")
    return None
