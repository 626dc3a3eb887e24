"""The map of a window's segments, as a version of the lake has it."""

from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.tables import CLUSTER_SNAPSHOTS, USER_INTERESTS
from interest_platform.domain.windows import Window
from interest_platform.lake.lake import Lake
from interest_platform.segments.segment_map import SegmentMap


def segment_map(lake: Lake, window: Window, version: int) -> SegmentMap | None:
    """Of the window's clusters and their identities; None where it has no cluster.

    Raises `ContractError` where the window was clustered again and not identified since.
    """
    columns = ["cluster_id", "size", "cohesion", "centroid"]
    clusters = lake.read(CLUSTER_SNAPSHOTS, [window], columns=columns, version=version)
    named = ["cluster_id", "segment_id", "name"]
    identities = lake.read(SEGMENT_IDENTITIES, [window], columns=named, version=version)
    encoders = lake.read(USER_INTERESTS, [window], columns=["encoder"], version=version)["encoder"]
    return SegmentMap.of(window, encoders[0] if len(encoders) else "", clusters, identities)
