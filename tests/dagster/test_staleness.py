"""What Dagster's graph says is read, and what makes a window stale, are the same."""

import dagster as dg
import pytest
from support import CONFIG, make_workplace

from interest_platform.code_location import platform_definitions
from interest_platform.domain.steps import EVER, Reads
from interest_platform.lake.staleness import reads_of
from interest_platform.settings import load_settings

MOST = 60
"""Windows back that are followed: more than any of the reaches here."""


@pytest.mark.parametrize("season", [False, True])
def test_whatever_the_graph_says_is_read_makes_stale(season, tmp_path):
    config = CONFIG.replace("lookback: 2", "lookback: 3").replace(
        "grain: week", f"grain: {'day' if season else 'week'}"
    )
    more = (
        f"recommendation: {{history: 4, learn: 1, horizon: {2 if season else 1}}}\n"
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


@pytest.mark.parametrize(("horizon", "learn"), [(1, 0), (1, 2), (3, 0), (3, 2)])
def test_what_lists_are_made_of_and_judged_by_is_the_same_in_the_graph_and_in_what_makes_stale(
    tmp_path, horizon, learn
):
    more = f"recommendation: {{history: 4, learn: {learn}, horizon: {horizon}}}\n"
    folder = make_workplace(tmp_path, CONFIG + more)
    settings = load_settings({"INTEREST_CONFIG": str(folder / "interest.yaml"), "INTEREST_HOME": str(folder / "home")})
    graph, reads = platform_definitions(settings).resolve_asset_graph(), reads_of(settings.config)
    # weights for w are learned at the ends of w - horizon and of as many more windows before it as are learned on
    oldest = -horizon - learn + 1 if learn else 0
    expected = {
        ("recommendations", "raw_texts"): range(oldest - 3, 1),
        ("recommendations", "item_vectors"): range(oldest - 3, 1),
        ("recommendations", "segment_identities"): range(oldest, 1),
        ("recommendation_metrics", "raw_texts"): range(1 - horizon, 1),
        ("recommendation_metrics", "recommendations"): range(-horizon, 1 - horizon),
    }
    for (step, other), windows in expected.items():
        mapping = graph.get(dg.AssetKey(step)).partition_mappings[dg.AssetKey(other)]
        assert range(mapping.start_offset, mapping.end_offset + 1) == windows == reads[step][other], (step, other)


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
