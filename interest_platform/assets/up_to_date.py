"""up_to_date: whether the segments of every window go on from those of the windows before as these are now."""

import dagster as dg

from interest_platform.checks import UP_TO_DATE
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.tables import CLUSTER_SNAPSHOTS
from interest_platform.lake.staleness import stale_in
from interest_platform.resources import LakeResource

CARRIED = [CLUSTER_SNAPSHOTS.name, SEGMENT_IDENTITIES.name]
"""What is judged: in a run over a range the steps after these are still to come."""

TOLD = 50
"""Windows named at most."""


@dg.asset_check(asset=UP_TO_DATE.asset, name=UP_TO_DATE.name, description=UP_TO_DATE.description)
def up_to_date(lake: LakeResource) -> dg.AssetCheckResult:
    """Look through the load times of all windows; a window that was loaded again makes the later ones stale."""
    stale = stale_in(lake.lake)
    stale = stale.filter(stale["step"].is_in(CARRIED)).unique("window_start", keep="first", maintain_order=True)
    rows = [f"- {start:%Y-%m-%d}: {because}" for start, _, because in stale.head(TOLD).iter_rows()]
    told = {"windows": dg.MetadataValue.md("\n".join(rows))} if rows else {}
    advice = "start the job restate_stale_windows, or `interest restate`" if rows else "nothing"
    return UP_TO_DATE.found(stale.is_empty(), stale_windows=stale.height, to_do=advice, **told).result
