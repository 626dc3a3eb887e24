"""The tables of how segments live: identity, events, migrations, names, moves of users, drift, planted events."""

from interest_platform.domain.contract import Column, Table, Type

_SNAPSHOTS = ("cluster_snapshots.centroid", "cluster_members.cluster_id")

SEGMENT_IDENTITIES = Table(
    "segment_identities",
    "which segment a cluster of this window is",
    ("cluster_id",),
    (
        Column("cluster_id", Type.INTEGER, "The cluster.", sources=("cluster_snapshots.cluster_id",)),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The segment (`s0001` ...): the same id in every window until it splits, merges or dies; never reused.",
            sources=_SNAPSHOTS,
        ),
        Column(
            "name",
            Type.VARCHAR,
            "What the segment is called; kept until its content has changed.",
            sources=("cluster_snapshots.top_terms",),
        ),
        Column(
            "name_hash",
            Type.VARCHAR,
            "Hash of the terms the name was made from.",
            sources=("cluster_snapshots.top_terms",),
        ),
        Column(
            "name_terms",
            Type.TEXTS,
            "The terms the name was made from: what the next window's terms are compared with.",
            sources=("cluster_snapshots.top_terms",),
        ),
        Column(
            "name_evidence",
            Type.VARCHAR,
            "How a new name came about, as JSON: `by` terms or chat, the chat model, the hash of what it was asked, "
            "its answer and why that was refused; null where the name has stayed.",
            nullable=True,
        ),
        Column(
            "contested",
            Type.BOOLEAN,
            "Whether the name would no longer be given: it changes if that is so in the next window too.",
            nullable=True,
        ),
        Column(
            "lineage",
            Type.VARCHAR,
            "The carried segment that it is; null where clusters were followed by the tracker.",
            nullable=True,
            sources=("carried_segments.lineage",),
        ),
        Column(
            "theme_id",
            Type.VARCHAR,
            "The theme that the segment is a part of: segments between which the same users write; null where no tree "
            "of segments holds.",
            nullable=True,
            sources=("carried_segments.theme",),
        ),
        Column("since", Type.TIMESTAMP, "Start of the segment's first window."),
        Column("confidence", Type.DOUBLE, "Posterior probability of this identity, 0 to 1.", sources=_SNAPSHOTS),
        Column("evidence", Type.VARCHAR, "What decided: `members`, `geometry`, `both`, or `none` at a beginning."),
    ),
)

SEGMENT_EVENTS = Table(
    "segment_events",
    "a transition into this window",
    ("event_no",),
    (
        Column("event_no", Type.INTEGER, "Number within the window, from 0."),
        Column("kind", Type.VARCHAR, "survive, split, merge, birth or death."),
        Column("parents", Type.TEXTS, "Segments before, sorted; none for a birth.", sources=_SNAPSHOTS),
        Column("children", Type.TEXTS, "Segments after, sorted; none for a death.", sources=_SNAPSHOTS),
        Column(
            "users_moved",
            Type.BIGINT,
            "Users who went from the parents to the children.",
            sources=("cluster_members.user_key",),
        ),
        Column("score", Type.DOUBLE, "Posterior probability of the event, 0 to 1.", sources=_SNAPSHOTS),
        Column("evidence", Type.VARCHAR, "What decided: `members`, `geometry`, `both`, or `none` at a beginning."),
        Column(
            "reason",
            Type.VARCHAR,
            "Why a carried segment changed, in words; null for survivors and what the tracker found.",
            nullable=True,
            sources=("carried_segments.reason",),
        ),
        Column(
            "began",
            Type.TIMESTAMP,
            "Start of the window in which it began: the window before, where it took this one to confirm it.",
            nullable=True,
            sources=("carried_segments.began_ago",),
        ),
    ),
)

SEGMENT_TERMS = Table(
    "segment_terms",
    "a term that a segment's users have used, over the segment's life",
    ("segment_id", "term"),
    (
        Column("segment_id", Type.VARCHAR, "The segment.", sources=("segment_identities.segment_id",)),
        Column(
            "term",
            Type.VARCHAR,
            "A token or a pair of tokens in a row; empty: the row of all the segment's users and texts.",
            sources=("cleaned_tokens.tokens",),
        ),
        Column("form", Type.VARCHAR, "The term as people write it.", sources=("cleaned_tokens.clean_text",)),
        Column(
            "users",
            Type.DOUBLE,
            "Users who have used it: those of this window, and those of each earlier one at 0.9 of the weight.",
            sources=("cluster_members.user_key",),
        ),
        Column(
            "together",
            Type.INTEGER,
            "Users who have used it in one window, the most there were.",
            sources=("cluster_members.user_key",),
        ),
        Column(
            "score",
            Type.DOUBLE,
            "Standard errors by which it is used more than in the other segments; null for the row of all.",
            nullable=True,
        ),
        Column(
            "rank",
            Type.INTEGER,
            "Rank from 1 among the terms that set the segment apart; null where it does not, or tells praise or blame.",
            nullable=True,
        ),
        Column("rated", Type.DOUBLE, "Rated texts with the term, weighed the same way.", sources=("raw_texts.rating",)),
        Column("rating", Type.DOUBLE, "Sum of their ratings.", sources=("raw_texts.rating",)),
        Column("squares", Type.DOUBLE, "Sum of the squares of their ratings.", sources=("raw_texts.rating",)),
    ),
)

SEGMENT_MIGRATIONS = Table(
    "segment_migrations",
    "a flow of users into this window",
    ("from_segment", "to_segment"),
    (
        Column(
            "from_segment",
            Type.VARCHAR,
            "The segment before, or `unassigned`; null: a user new in this window.",
            nullable=True,
        ),
        Column("to_segment", Type.VARCHAR, "The segment after, or `unassigned`; null: a user gone.", nullable=True),
        Column(
            "users",
            Type.DOUBLE,
            "Users who moved so; a user with several interests counts by their weights.",
            sources=("cluster_members.user_key", "user_interests.weight"),
        ),
    ),
)

SEGMENT_RENAMES = Table(
    "segment_renames",
    "a segment whose name changed in this window",
    ("segment_id",),
    (
        Column("segment_id", Type.VARCHAR, "The segment.", sources=("segment_identities.segment_id",)),
        Column("old_name", Type.VARCHAR, "Its name in its last window.", sources=("segment_identities.name",)),
        Column("new_name", Type.VARCHAR, "Its name from this window on.", sources=("segment_identities.name",)),
        Column("overlap", Type.DOUBLE, "Share of the terms behind the old name that still describe it, 0 to 1."),
    ),
)

USER_MOVES = Table(
    "user_moves",
    "a user whose segment changed into this window, and why",
    ("user_key",),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("cluster_members.user_key",)),
        Column("from_segment", Type.VARCHAR, "The segment before.", sources=("segment_identities.segment_id",)),
        Column("to_segment", Type.VARCHAR, "The segment after.", sources=("segment_identities.segment_id",)),
        Column("cause", Type.VARCHAR, "The largest of the three parts: `new_texts`, `decay` or `clustering`."),
        Column(
            "margin",
            Type.DOUBLE,
            "How much nearer the user came to the new segment than to the old (difference of cosines); the parts' sum.",
            sources=("user_interests.vector", "cluster_snapshots.centroid"),
        ),
        Column("new_texts", Type.DOUBLE, "Part of the margin due to texts written in this window."),
        Column("decay", Type.DOUBLE, "Part due to old texts that weigh less or dropped out of the lookback."),
        Column("clustering", Type.DOUBLE, "Part due to centroids that moved, with the user standing still."),
        Column(
            "text_ids",
            Type.TEXTS,
            "The texts that count most for the move, largest first.",
            sources=("raw_texts.text_id",),
        ),
        Column("text_parts", Type.VECTOR, "The part of the margin of each of `text_ids`, in that order."),
    ),
)

DRIFT_METRICS = Table(
    "drift_metrics",
    "a measure of change into this window",
    ("scope", "segment_id", "metric"),
    (
        Column("scope", Type.VARCHAR, "window or segment."),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The segment; null for the window.",
            nullable=True,
            sources=("segment_identities.segment_id",),
        ),
        Column("metric", Type.VARCHAR, "The measure's name (docs/drift.md)."),
        Column("value", Type.DOUBLE, "The measure, in its own unit.", sources=("user_interests.vector",)),
        Column("p_value", Type.DOUBLE, "Permutation p-value; null where the measure has no test.", nullable=True),
        Column("q_value", Type.DOUBLE, "The p-value after false-discovery correction.", nullable=True),
        Column("effect", Type.DOUBLE, "Effect size, comparable between windows.", nullable=True),
        Column(
            "usual",
            Type.DOUBLE,
            "Middle of the effects of earlier windows, of this segment or of all; null while too few are known.",
            nullable=True,
            sources=("drift_metrics.effect",),
        ),
        Column(
            "alarm",
            Type.BOOLEAN,
            "Whether it is more than chance, more than is usual, and lasting or great (docs/drift.md).",
            nullable=True,
            sources=("drift_metrics.effect",),
        ),
        Column("headline", Type.INTEGER, "Rank from 1 among the window's three headlines; else null.", nullable=True),
        Column("sentence", Type.VARCHAR, "What a headline says, and why, in words.", nullable=True),
        Column("n_before", Type.BIGINT, "Users in the reference."),
        Column("n_after", Type.BIGINT, "Users in this window."),
        Column("cause", Type.VARCHAR, "mix, within, model or ingest.", nullable=True),
        Column("reference", Type.VARCHAR, "Key of the window compared with."),
        Column("detail", Type.VARCHAR, "What is behind the number, as JSON: words that moved, shares.", nullable=True),
    ),
)

PLANTED_EVENTS = Table(
    "planted_events",
    "how well changes planted in this window's own vectors are noticed",
    ("kind", "size"),
    (
        Column("kind", Type.VARCHAR, "split, merge, birth, death or move; `all` over the four changes of segments."),
        Column("size", Type.DOUBLE, "Size of the planted change: share of the window's users it touches, 0 to 1."),
        Column("planted", Type.BIGINT, "Events planted."),
        Column("noticed", Type.BIGINT, "Of these, events reported with exactly their parents and children."),
        Column("false_events", Type.BIGINT, "Events reported that were not planted."),
        Column(
            "precision",
            Type.DOUBLE,
            "noticed / (noticed + false_events); null where nothing was reported.",
            nullable=True,
        ),
        Column("recall", Type.DOUBLE, "noticed / planted."),
        Column("alarms", Type.BIGINT, "Plantings after which the drift alarm of the window went off."),
        Column(
            "smallest_noticed",
            Type.DOUBLE,
            "Smallest size noticed nine times of ten at this and every larger size tried; null where none is.",
            nullable=True,
        ),
    ),
)

DYNAMICS_TABLES = (
    SEGMENT_IDENTITIES,
    SEGMENT_EVENTS,
    SEGMENT_TERMS,
    SEGMENT_MIGRATIONS,
    SEGMENT_RENAMES,
    USER_MOVES,
    DRIFT_METRICS,
    PLANTED_EVENTS,
)
