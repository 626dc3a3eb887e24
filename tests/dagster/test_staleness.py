"""What Dagster's graph says is read, and what makes a window stale, are the same."""

import dagster as dg
import pytest
from support import CONFIG, make_workplace

from interest_platform.code_location import platform_definitions
from interest_platform.domain.reads import EVER, Reads
from interest_platform.lake.staleness import reads_of
from interest_platform.settings import load_settings

MOST = 12
"""Windows back that are followed: more than any of the reaches here."""


@pytest.mark.parametrize("season", [False, True])
def test_whatever_the_graph_says_is_read_makes_stale(season, tmp_path):
    config = CONFIG.replace("lookback: 2", "lookback: 3").replace(
        "grain: week", f"grain: {'day' if season else 'week'}"
    )
    more = (
        "recommendation: {history: 4, learn: 1}\n"
        + "dynamics: {grace: 1}\n"
        + f"drift: {{reference: {'season' if season else 'previous'}}}\n"
    )
    folder = make_workplace(tmp_path, config + more)
    settings = load_settings({"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")})
    defs = platform_definitions(settings)
    graph, reads = defs.resolve_asset_graph(), reads_of(settings.config)
    steps = {
        key.to_user_string(): asset.node_def.name
        for asset in defs.assets
        if isinstance(asset, dg.AssetsDefinition)
        for key in asset.keys
    }
    for key, step in steps.items():
        node = graph.get(dg.AssetKey(key))
        if node.partitions_def is None or step not in reads:
            continue  # nothing is stale of what is not on the line
        behind = _behind(reads, step)
        for parent in node.parent_keys:
            other = steps.get(parent.to_user_string())
            if other is None:
                continue  # a source
            mapping = node.partition_mappings.get(parent)
            first, last = (mapping.start_offset, mapping.end_offset) if mapping else (0, 0)
            # of the windows between a season's, none is read
            told = {first, last} if step == "drift_metrics" else set(range(first, last + 1))
            assert {(other, back) for back in told} - {(step, 0)} <= behind, (key, other)


def _behind(reads: Reads, step: str) -> set[tuple[str, int]]:
    """All that makes the step stale, over any number of steps: (step, windows back)."""
    found: set[tuple[str, int]] = set()
    fresh = {(step, 0)}
    while fresh:
        fresh = {
            (other, at + back)
            for name, at in fresh
            for other, reach in reads[name].items()
            for back in (range(-1, 0) if reach is EVER else reach)
            if at + back >= -MOST
        } - found
        found |= fresh
    return found
