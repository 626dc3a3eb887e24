"""What every step of the line reads, by windows relative to its own: once that is loaded again, the step is stale.

The pure twin of the partition mappings in Dagster's graph (`tests/dagster/test_staleness.py` compares them). A step is
named by its first table; its other tables land in the same transaction. What a step reads through another one is not
listed again: a text that came late makes the interests stale, and these the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HERE = range(0, 1)
USUAL = 12
"""Earlier windows whose changes tell how much change is usual."""

EVER = None
"""Every window before its own; only a step that reads itself may."""

Reads = Mapping[str, Mapping[str, range | None]]
"""Step to the steps that it reads, each with the windows relative to its own: 0 is the same window, -1 the last."""


@dataclass(frozen=True)
class Reach:
    """How far back the steps look: windows of texts behind an interest, windows a segment may be absent, windows to the
    one that drift compares with, windows of interactions behind a list, windows back to the oldest that weights are
    learned at the end of, windows that a list is judged by, and windows whose users are pooled to find segments."""

    lookback: int
    grace: int
    reference: int = 1
    history: int = 1
    taught: int = 0
    horizon: int = 1
    pooled: int = 1


def line_reads(reach: Reach) -> Reads:
    """The steps of the line, every one after those that it reads of its own window.

    >>> line_reads(Reach(lookback=3, grace=2))["cluster_snapshots"]["cluster_snapshots"]
    range(-3, 0)
    """
    carried = range(-1 - reach.grace, 0)
    compared = range(-1, 1)
    # weights are learned on what was known at the end of each of the past windows
    remembered = range(1 - reach.history - reach.taught, 1)
    return {
        "raw_texts": {},
        "cleaned_tokens": {"raw_texts": HERE},
        "embeddings": {"cleaned_tokens": HERE},
        "encoder_migrations": {"embeddings": range(-max(reach.lookback - 1, 1 + reach.grace), 1)},
        "user_interests": {
            "embeddings": range(1 - reach.lookback, 1),
            "encoder_migrations": range(1 - reach.lookback, 1),
        },
        "cluster_snapshots": {"user_interests": range(1 - reach.pooled, 1), "cluster_snapshots": carried},
        # ids are never given twice, so that a window knows all that were given before
        "segment_identities": {"cluster_snapshots": range(-1 - reach.grace, 1), "segment_identities": EVER},
        "segment_features": {"cluster_snapshots": compared, "segment_identities": compared},
        "user_moves": {"cluster_snapshots": compared, "segment_identities": compared},
        "drift_metrics": {
            "segment_identities": range(-reach.reference, 1, reach.reference),
            "drift_metrics": range(-USUAL, 0),
        },
        "planted_events": {"segment_identities": HERE, "drift_metrics": range(-USUAL, 0)},
        # what a provisional segment became on the way from the window it was told of
        "provisional_differences": {"segment_identities": range(-reach.grace, 1)},
        "item_vectors": {
            "embeddings": range(1 - reach.lookback, 1),
            "encoder_migrations": range(1 - reach.lookback, 1),
        },
        "recommendations": {
            "raw_texts": remembered,
            "item_vectors": remembered,
            "segment_identities": range(-reach.taught, 1),
        },
        # what was known when the lists were made is read as it was then: loaded again, it makes the lists stale
        "recommendation_metrics": {
            "raw_texts": range(1 - reach.horizon, 1),
            "recommendations": range(-reach.horizon, 1 - reach.horizon),
            "recommendation_metrics": range(1 - reach.history, 0),
        },
    }


def behind(reads: Reads, steps: set[str]) -> list[str]:
    """The steps and all that read them, in the order of the line.

    >>> behind({"a": {}, "b": {"a": HERE}, "c": {"b": HERE}, "d": {}}, {"b"})
    ['b', 'c']
    """
    found: list[str] = []
    for step, read in reads.items():
        if step in steps or any(other in found for other in read):
            found.append(step)
    return found
