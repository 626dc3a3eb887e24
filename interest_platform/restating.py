"""Restating stale windows: the part of the line that is not up to date, range by range, oldest first."""

from collections.abc import Collection, Sequence

import dagster as dg

from interest_platform.jobs import LINE
from interest_platform.lake import Lake
from interest_platform.lake.staleness import Restatement, restatements
from interest_platform.runs import run_windows


def to_restate(defs: dg.Definitions, lake: Lake) -> list[Restatement]:
    """What is to be run so that no loaded window is stale or unfinished."""
    return restatements(lake, [asset.node_def.name for asset in _line(defs)])


def restate(defs: dg.Definitions, instance: dg.DagsterInstance, wanted: Sequence[Restatement]) -> None:
    """Run these, each as one Dagster run in this process. Raises `RunFailed`; what landed before stays."""
    for each in wanted:
        run_windows(defs, instance, LINE, each.windows, keys_of(defs, each.steps))


def _line(defs: dg.Definitions) -> list[dg.AssetsDefinition]:
    """The assets with windows."""
    assets = [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)]
    return [asset for asset in assets if asset.is_executable and asset.partitions_def is not None]


def keys_of(defs: dg.Definitions, steps: Collection[str]) -> set[dg.AssetKey]:
    """The assets with windows that these steps of the line make."""
    return {key for asset in _line(defs) if asset.node_def.name in steps for key in asset.keys}
