"""The tables between two windows: where users stand provisionally, and how far that was from what the window found."""

from interest_platform.domain.contract import Column, Table, Type

_VECTORS = ("user_interests.vector", "cluster_snapshots.centroid")
_TOLD = ("provisional_segments.segment_id", "segment_identities.segment_id")

PROVISIONAL_SEGMENTS = Table(
    "provisional_segments",
    "an interest of a user who wrote since the newest window with segments, as the last micro-batch placed it; "
    "`window_start` is the window that was open, and its last rows stay once it is loaded",
    ("user_key", "interest_no"),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("raw_texts.user_key",)),
        Column("interest_no", Type.INTEGER, "0 is the strongest."),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The segment of the base window that the interest is most likely in.",
            sources=("segment_identities.segment_id", *_VECTORS),
        ),
        Column(
            "previous_segment_id",
            Type.VARCHAR,
            "The segment of the user's strongest interest in the base window, or `unassigned`; null: a user it lacks.",
            nullable=True,
            sources=("cluster_members.cluster_id", "segment_identities.segment_id"),
        ),
        Column("membership", Type.DOUBLE, "Probability of the segment, 0 to 1.", sources=_VECTORS),
        Column("cosine", Type.DOUBLE, "Cosine to the segment's centroid.", sources=_VECTORS),
        Column("weight", Type.DOUBLE, "The interest's share; sums to 1 a user."),
        Column("vector", Type.VECTOR, "The interest as of then, unit length.", sources=("embeddings.vector",)),
        Column("n_new_texts", Type.INTEGER, "Distinct texts since the base window among those behind the interest."),
        Column("new_text_hashes", Type.TEXTS, "These texts, sorted."),
        Column("as_of", Type.TIMESTAMP, "Texts before this time count, in UTC."),
        Column("base_window_start", Type.TIMESTAMP, "Start of the window whose segments these are."),
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder.", sources=("embeddings.encoder",)),
        Column("lake_version", Type.BIGINT, "The lake version that was read."),
    ),
)

PROVISIONAL_VECTORS = Table(
    "provisional_vectors",
    "a text of a window that is not loaded yet, encoded by a micro-batch; none once the window is loaded",
    ("text_hash", "encoder"),
    (
        Column("text_hash", Type.VARCHAR, "The clean text's hash."),
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder."),
        Column("vector", Type.VECTOR, "The text's vector, unit length."),
        Column("n_model_tokens", Type.INTEGER, "Tokens the encoder read, its own markers included."),
        Column("truncated", Type.BOOLEAN, "Whether the encoder cut the text."),
    ),
)

PROVISIONAL_DIFFERENCES = Table(
    "provisional_differences",
    "a measure of how the last provisional segments differ from what the window's own run found; none where no "
    "micro-batch ran",
    ("metric",),
    (
        Column("metric", Type.VARCHAR, "The measure's name (docs/live.md)."),
        Column("value", Type.DOUBLE, "The measure; null where nobody is behind it.", nullable=True, sources=_TOLD),
        Column("n", Type.BIGINT, "Users that the value is a mean over, else what it counts."),
        Column("as_of", Type.TIMESTAMP, "When the last micro-batch of the window was, in UTC."),
        Column("base_window_start", Type.TIMESTAMP, "Start of the window whose segments were told."),
    ),
)

BESIDE_THE_LINE = (PROVISIONAL_SEGMENTS, PROVISIONAL_VECTORS)
"""What micro-batches write, also for windows that are not loaded."""

LIVE_TABLES = (*BESIDE_THE_LINE, PROVISIONAL_DIFFERENCES)
