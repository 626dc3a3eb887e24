"""What every step of the line writes, reads and obeys, said once.

Dagster's graph (`code_location`), what makes a window stale (`lake.staleness`) and the code versions of assets are made
from `LINE`, and a body that reads anything else fails (`lake.declared`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS, CLUSTER_TREES, K_CURVES
from interest_platform.domain.dynamics_tables import (
    DRIFT_METRICS,
    PLANTED_EVENTS,
    SEGMENT_EVENTS,
    SEGMENT_IDENTITIES,
    SEGMENT_MIGRATIONS,
    SEGMENT_RENAMES,
    SEGMENT_TERMS,
    USER_MOVES,
)
from interest_platform.domain.encoder_tables import ENCODER_MIGRATIONS, ENCODER_OVERLAPS
from interest_platform.domain.live_tables import PROVISIONAL_DIFFERENCES
from interest_platform.domain.offsets import (
    Offsets,
    Reach,
    active,
    alone_before,
    before,
    carried,
    compared,
    ever,
    here,
    judged,
    judged_before,
    last,
    last_and_here,
    lookback,
    lookback_of_last,
    pooled,
    pooled_and_last,
    reference,
    remembered,
    since_judged,
    since_provisional,
    taught,
    texts_of_reference,
    usual,
)
from interest_platform.domain.recommendation_tables import (
    ITEM_VECTORS,
    RECOMMENDATION_FILTERS,
    RECOMMENDATION_METRICS,
    RECOMMENDATION_OUTCOMES,
    RECOMMENDATIONS,
)
from interest_platform.domain.tables import (
    CLEANED_TOKENS,
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    EMBEDDINGS,
    RAW_TEXTS,
    REJECTED_TEXTS,
    SEGMENT_FEATURES,
    USER_INTERESTS,
    USER_SEGMENT_FEATURES,
)

EVER = None
"""In `Reads`: every window before its own; only a step that reads itself may."""

Reads = Mapping[str, Mapping[str, range | None]]
"""Step to the steps that it reads, each with the windows relative to its own."""


@dataclass(frozen=True)
class Step:
    """A step of the line, called as the first table that it writes; all of them land in one transaction.

    `reads` are tables with the windows that are read of each: once one of these is loaded again, the step is stale.
    `as_it_was` are tables that are read besides as they were at an earlier version, or that make nothing stale.
    `settings` are the sections of `interest.yaml` that it obeys: changing one makes what it has written visibly
    outdated.
    """

    writes: tuple[str, ...]
    reads: Mapping[str, Offsets]
    settings: tuple[str, ...]
    as_it_was: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The table that the step is called by."""
        return self.writes[0]

    @property
    def inputs(self) -> list[str]:
        """The tables of other steps that it reads."""
        return [table for table in self.reads if table not in self.writes]

    def windows(self, table: str, reach: Reach) -> range:
        """The windows that it reads of the table, relative to its own."""
        return self.reads[table](reach)


def _of(offsets: Offsets, *tables: str) -> dict[str, Offsets]:
    return dict.fromkeys(tables, offsets)


TEXTS = (RAW_TEXTS.name, CLEANED_TOKENS.name, EMBEDDINGS.name, ENCODER_OVERLAPS.name)
"""The texts of a window with their vectors, also by the encoder of a later one."""

PLACES = (CLUSTER_MEMBERS.name, SEGMENT_IDENTITIES.name)
"""Who is in which segment."""

RAW_TEXTS_STEP = Step((RAW_TEXTS.name, REJECTED_TEXTS.name), {}, ("sources", "identities", "text"))
CLEANED_TOKENS_STEP = Step((CLEANED_TOKENS.name,), _of(here, RAW_TEXTS.name), ("text",))
EMBEDDINGS_STEP = Step((EMBEDDINGS.name,), _of(here, CLEANED_TOKENS.name, RAW_TEXTS.name), ("encoder", "sources"))
ENCODER_MIGRATIONS_STEP = Step(
    (ENCODER_MIGRATIONS.name, ENCODER_OVERLAPS.name),
    _of(compared, EMBEDDINGS.name, CLEANED_TOKENS.name),
    ("windows", "dynamics"),
)
USER_INTERESTS_STEP = Step((USER_INTERESTS.name,), _of(lookback, *TEXTS), ("interests", "windows"))
CLUSTER_SNAPSHOTS_STEP = Step(
    (
        CLUSTER_SNAPSHOTS.name,
        CLUSTER_MEMBERS.name,
        K_CURVES.name,
        CARRIED_SEGMENTS.name,
        CLUSTER_TREES.name,
    ),
    _of(pooled_and_last, USER_INTERESTS.name)
    | _of(pooled, ENCODER_MIGRATIONS.name)
    | _of(lookback, *TEXTS)
    | _of(before, CLUSTER_MEMBERS.name)
    | _of(alone_before, CLUSTER_SNAPSHOTS.name)
    | _of(last, CARRIED_SEGMENTS.name),
    ("clustering", "naming", "text", "windows", "dynamics"),
)
SEGMENT_IDENTITIES_STEP = Step(
    (
        SEGMENT_IDENTITIES.name,
        SEGMENT_EVENTS.name,
        SEGMENT_TERMS.name,
        SEGMENT_MIGRATIONS.name,
        SEGMENT_RENAMES.name,
    ),
    _of(
        carried,
        CLUSTER_SNAPSHOTS.name,
        CLUSTER_MEMBERS.name,
        USER_INTERESTS.name,
        RAW_TEXTS.name,
        ENCODER_MIGRATIONS.name,
    )
    | _of(here, CARRIED_SEGMENTS.name, CLEANED_TOKENS.name)
    # ids are never given twice, so that a window knows all that were given before
    | _of(ever, SEGMENT_IDENTITIES.name)
    | _of(before, SEGMENT_EVENTS.name)
    | _of(last, SEGMENT_TERMS.name),
    ("dynamics", "naming", "text"),
)
SEGMENT_FEATURES_STEP = Step(
    (SEGMENT_FEATURES.name, USER_SEGMENT_FEATURES.name),
    _of(here, CLUSTER_SNAPSHOTS.name, USER_INTERESTS.name)
    # who was in a segment in the last window decides its growth and retention in this one
    | _of(last_and_here, *PLACES)
    | _of(lookback, RAW_TEXTS.name, CLEANED_TOKENS.name),
    ("windows",),
)
USER_MOVES_STEP = Step(
    (USER_MOVES.name,),
    _of(last_and_here, CLUSTER_SNAPSHOTS.name, *PLACES, USER_INTERESTS.name) | _of(lookback_of_last, *TEXTS),
    ("windows",),
)
DRIFT_METRICS_STEP = Step(
    (DRIFT_METRICS.name,),
    _of(reference, USER_INTERESTS.name, CLUSTER_SNAPSHOTS.name, *PLACES)
    | _of(texts_of_reference, RAW_TEXTS.name, CLEANED_TOKENS.name)
    | _of(usual, DRIFT_METRICS.name),
    ("drift", "windows"),
)
PLANTED_EVENTS_STEP = Step(
    (PLANTED_EVENTS.name,),
    _of(here, USER_INTERESTS.name, CLUSTER_MEMBERS.name, SEGMENT_MIGRATIONS.name) | _of(usual, DRIFT_METRICS.name),
    ("planted", "clustering", "drift"),
)
PROVISIONAL_DIFFERENCES_STEP = Step(
    (PROVISIONAL_DIFFERENCES.name,),
    _of(since_provisional, RAW_TEXTS.name, CLEANED_TOKENS.name, EMBEDDINGS.name, SEGMENT_EVENTS.name)
    | _of(here, USER_INTERESTS.name, *PLACES),
    ("dynamics",),
    # each micro-batch would make all windows look outdated
    as_it_was=frozenset({"provisional_segments"}),
)
ITEM_VECTORS_STEP = Step((ITEM_VECTORS.name,), _of(lookback, *TEXTS), ("windows",))
RECOMMENDATIONS_STEP = Step(
    (RECOMMENDATIONS.name, RECOMMENDATION_FILTERS.name),
    _of(active, RAW_TEXTS.name) | _of(remembered, ITEM_VECTORS.name) | _of(taught, USER_INTERESTS.name, *PLACES),
    ("recommendation", "windows"),
)
RECOMMENDATION_METRICS_STEP = Step(
    (RECOMMENDATION_METRICS.name, RECOMMENDATION_OUTCOMES.name),
    _of(since_judged, RAW_TEXTS.name)
    | _of(judged, RECOMMENDATIONS.name, RECOMMENDATION_FILTERS.name)
    | _of(judged_before, RECOMMENDATION_OUTCOMES.name),
    ("recommendation", "windows"),
    # what was known when the lists were made is read as it was then: loaded again, it makes the lists stale
    as_it_was=frozenset({RAW_TEXTS.name, ITEM_VECTORS.name, USER_INTERESTS.name, *PLACES}),
)

LINE = (
    RAW_TEXTS_STEP,
    CLEANED_TOKENS_STEP,
    EMBEDDINGS_STEP,
    ENCODER_MIGRATIONS_STEP,
    USER_INTERESTS_STEP,
    CLUSTER_SNAPSHOTS_STEP,
    SEGMENT_IDENTITIES_STEP,
    SEGMENT_FEATURES_STEP,
    USER_MOVES_STEP,
    DRIFT_METRICS_STEP,
    PLANTED_EVENTS_STEP,
    PROVISIONAL_DIFFERENCES_STEP,
    ITEM_VECTORS_STEP,
    RECOMMENDATIONS_STEP,
    RECOMMENDATION_METRICS_STEP,
)
"""The steps of the line, every one after those that it reads of its own window."""

WRITERS: Mapping[str, Step] = {table: step for step in LINE for table in step.writes}
"""The step that writes each table."""


def line_reads(reach: Reach) -> Reads:
    """The steps that each step reads, in the order of the line.

    >>> line_reads(Reach(lookback=3, grace=2))["cluster_snapshots"]["cluster_snapshots"]
    range(-3, 0)
    """
    return {step.name: _steps_read(step, reach) for step in LINE}


def _steps_read(step: Step, reach: Reach) -> Mapping[str, range | None]:
    read: dict[str, list[range | None]] = {}
    for table, offsets in step.reads.items():
        windows = EVER if offsets is ever else offsets(reach)
        if windows is EVER or len(windows):
            read.setdefault(WRITERS[table].name, []).append(windows)
    return {other: _together(windows) for other, windows in read.items()}


def _together(windows: list[range | None]) -> range | None:
    """The windows of one step that are read of any of its tables."""
    known = [each for each in windows if each is not None]
    if len(known) < len(windows):
        return EVER
    if len(set(known)) == 1:
        return known[0]
    each = set(chain.from_iterable(known))
    return range(min(each), max(each) + 1)


def behind(reads: Reads, steps: set[str]) -> list[str]:
    """The steps and all that read them, in the order of the line.

    >>> behind({"a": {}, "b": {"a": range(1)}, "c": {"b": range(1)}, "d": {}}, {"b"})
    ['b', 'c']
    """
    found: list[str] = []
    for step, read in reads.items():
        if step in steps or any(other in found for other in read):
            found.append(step)
    return found
