"""Asset checks: broken contracts and lost rows block what comes after; poor quality only warns.

They belong to one window each. Dagster's partitioned checks are a preview, so assets evaluate them for every window
that they load and record each evaluation under its partition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

REJECTED_SHARE = 0.2
TRUNCATED_SHARE = 0.2
UNKNOWN_LANGUAGES = 0.05
NOISE_SHARE = 0.2
LARGEST_SHARE = 0.5
PLANTED_RECALL = 0.9
NOTABLE_CHANGE = 0.1


@dataclass(frozen=True)
class Check:
    """A named statement about every window of an asset."""

    asset: str
    name: str
    description: str
    blocking: bool = False

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """As Dagster knows it."""
        return dg.AssetCheckSpec(self.name, asset=self.asset, description=self.description, blocking=self.blocking)

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        """ERROR where it blocks, else WARN."""
        return dg.AssetCheckSeverity.ERROR if self.blocking else dg.AssetCheckSeverity.WARN

    def found(self, passed: bool, **metadata: Any) -> "Finding":
        """The check's outcome on a window."""
        return Finding(self, bool(passed), metadata)

    def at_most(self, value: float | None, limit: float) -> "Finding":
        """Passed where the value is not above the limit; a window without a value has nothing to warn of."""
        return self.found(value is None or value <= limit, value=value or 0.0, limit=limit)


@dataclass(frozen=True)
class Finding:
    """What a check found on one window."""

    check: Check
    passed: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def result(self) -> dg.AssetCheckResult:
        """As Dagster takes it from an asset."""
        return dg.AssetCheckResult(
            passed=self.passed,
            asset_key=self.check.asset,
            check_name=self.check.name,
            severity=self.check.severity,
            metadata=dict(self.metadata),
        )

    def evaluation(self, partition: str) -> dg.AssetCheckEvaluation:
        """As Dagster records it for one partition."""
        return dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(self.check.asset),
            check_name=self.check.name,
            passed=self.passed,
            severity=self.check.severity,
            metadata=dict(self.metadata),
            partition=partition,
        )


def contract(asset: str) -> Check:
    """What landed is what the table's contract promises."""
    return Check(
        asset, "contract", "Rows, keys and nulls in the lake are those of the table's contract.", blocking=True
    )


def conservation(asset: str, statement: str) -> Check:
    """No row is lost or made up between two tables."""
    return Check(asset, "conservation", statement, blocking=True)


ROWS_ACCOUNTED_FOR = conservation("raw_texts", "Rows read from the sources = accepted + rejected.")
EVERY_TEXT_CLEANED = conservation("cleaned_tokens", "One row for every accepted text.")
EVERY_TEXT_EMBEDDED = conservation("embeddings", "One vector for every distinct clean text that is not empty.")
WEIGHTS_SUM_TO_ONE = conservation("user_interests", "The weights of every user's interests sum to 1.")
SIZES_ADD_UP = conservation("cluster_snapshots", "Members = user interests, and cluster sizes add up to the members.")
SEGMENTS_COVER_USERS = conservation(
    "segment_features", "Segments = clusters, and every user with an interest is encoded."
)
EVENTS_COVER = conservation(
    "segment_events", "Survivors + births + children = clusters of the window; every last segment is in one event."
)
FLOWS_ADD_UP = conservation(
    "segment_migrations", "Flows into segments = members of this window, flows out of them = members of the last."
)
EVERY_TEXT_COMPARED = conservation(
    "comparison_vectors", "Every text of the window and its lookback has a vector by every encoder compared."
)
EVERY_CELL_MEASURED = conservation("comparison_leaderboard", "One row for every encoder with every cell of the grid.")

MAPPING_TELLS = Check(
    "encoder_migrations",
    "mapping_tells",
    "Where the encoder has changed, mapped vectors are nearer to their own text than to others; else only members tell "
    "which segment is which.",
)

REJECTED = Check("raw_texts", "rejected_share", f"At most {REJECTED_SHARE:.0%} of the rows are rejected.")
TRUNCATED = Check(
    "embeddings", "truncated_share", f"At most {TRUNCATED_SHARE:.0%} of the texts are cut by the encoder."
)
LANGUAGES_KNOWN = Check(
    "embeddings",
    "languages_known",
    f"At most {UNKNOWN_LANGUAGES:.0%} of the texts are in languages that the encoder does not know.",
)
NOISE = Check(
    "cluster_snapshots",
    "noise",
    f"At most {NOISE_SHARE:.0%} of the members are held by no cluster with a membership of .5.",
)
LARGEST = Check(
    "cluster_snapshots", "largest_cluster", f"The largest cluster holds at most {LARGEST_SHARE:.0%} of the members."
)

SEGMENTS_FOUND = Check("cluster_snapshots", "segments_found", "The texts of the window's users fall into groups.")

STEADY_INTERESTS = Check(
    "drift_metrics", "interests_steady", "No measure of what the window's users are interested in is a drift alarm."
)
STEADY_SEGMENTS = Check("drift_metrics", "segments_steady", "No measure of a segment's users is a drift alarm.")
STEADY_INGEST = Check(
    "drift_metrics", "ingest_steady", "Languages, sources, lengths, repeats and texts a user raise no drift alarm."
)
SAME_MODEL = Check(
    "drift_metrics", "same_model", "Encoder and clustering settings are those of the window compared with."
)

UP_TO_DATE = Check(
    "segment_identities",
    "up_to_date",
    "No window goes on from windows that were loaded again, or for the first time, after it.",
)

WOULD_NOTICE = Check(
    "planted_events",
    "would_notice",
    f"At least {PLANTED_RECALL:.0%} of planted changes of {NOTABLE_CHANGE:.0%} of the users or more are noticed.",
)

BEATS_RIVALS = Check(
    "recommendation_metrics",
    "beats_rivals",
    "A strategy is better than recently-popular and EASE by NDCG, users paired, all windows pooled, for sure.",
)
SEGMENTS_HELP = Check(
    "recommendation_metrics",
    "segments_help",
    "Lists by segments are better than with the segments shuffled among users and than without, for sure.",
)


def worst(findings: Iterable[Finding]) -> list[Finding]:
    """One finding a check: a failed one where there is any, else the last."""
    by_check: dict[Check, Finding] = {}
    for finding in findings:
        if finding.check not in by_check or by_check[finding.check].passed:
            by_check[finding.check] = finding
    return list(by_check.values())
