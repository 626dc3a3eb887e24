"""The tables of the lake's schema `interest`: the contract that BI, dbt and outside programs rely on."""

from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS, CLUSTER_TREES, K_CURVES
from interest_platform.domain.comparison_tables import COMPARISON_TABLES
from interest_platform.domain.contract import Column, Table, Type
from interest_platform.domain.dynamics_tables import DYNAMICS_TABLES
from interest_platform.domain.encoder_tables import ENCODER_TABLES
from interest_platform.domain.live_tables import LIVE_TABLES
from interest_platform.domain.recommendation_tables import RECOMMENDATION_TABLES

SCHEMA = "interest"

RAW_TEXTS = Table(
    "raw_texts",
    "an accepted text",
    ("text_id",),
    (
        Column(
            "text_id",
            Type.VARCHAR,
            "Hash of source, user, item, time and content: the same row always has the same id.",
        ),
        Column("source", Type.VARCHAR, "Name of the source in interest.yaml."),
        Column("user_key", Type.VARCHAR, "Keyed pseudonym of the user (HMAC-SHA-256, lower-case hex)."),
        Column("item_id", Type.VARCHAR, "What the text is about (product, thread, page).", nullable=True),
        Column(
            "text",
            Type.VARCHAR,
            "The text as it came, cut at text.max_chars; null where the source brings only a vector.",
            nullable=True,
        ),
        Column("ts", Type.TIMESTAMP, "When it was written, in UTC."),
        Column("rating", Type.DOUBLE, "The user's rating of the item, in the source's own unit.", nullable=True),
        Column("category", Type.VARCHAR, "The source's own category.", nullable=True),
        Column("lang", Type.VARCHAR, "The language the source states (ISO 639-1).", nullable=True),
        Column("vector", Type.VECTOR, "The source's ready-made vector, scaled to unit length.", nullable=True),
        Column("truncated", Type.BOOLEAN, "Whether the text was longer than text.max_chars and has been cut."),
        Column("ingested_at", Type.TIMESTAMP, "When the run read the row, in UTC."),
    ),
)

REJECTED_TEXTS = Table(
    "rejected_texts",
    "a source row not accepted",
    ("source", "row_ref"),
    (
        Column("source", Type.VARCHAR, "Name of the source in interest.yaml."),
        Column(
            "row_ref", Type.VARCHAR, "Where the row stands: file name and row number (from 1), `reviews.parquet#17`."
        ),
        Column("reason", Type.VARCHAR, "Why it was not accepted: a reason code (docs/sources.md lists them)."),
        Column("detail", Type.VARCHAR, "The value that was wrong and what is allowed.", nullable=True),
        Column("raw", Type.VARCHAR, "The row as JSON; the user id is replaced by its pseudonym.", nullable=True),
        Column("ts", Type.TIMESTAMP, "The row's time in UTC where it could be read.", nullable=True),
    ),
)

CLEANED_TOKENS = Table(
    "cleaned_tokens",
    "an accepted text, cleaned",
    ("text_id",),
    (
        Column("text_id", Type.VARCHAR, "The text's id in raw_texts.", sources=("raw_texts.text_id",)),
        Column(
            "lang",
            Type.VARCHAR,
            "The language told for this text (ISO 639-1, `und` where it can't be told).",
            sources=("raw_texts.text", "raw_texts.lang"),
        ),
        Column(
            "clean_text",
            Type.VARCHAR,
            "The text without markup, quotes and signature, NFKC; what the encoder reads.",
            sources=("raw_texts.text",),
        ),
        Column(
            "tokens", Type.TEXTS, "Its words: lower case, stop words removed, stemmed.", sources=("raw_texts.text",)
        ),
        Column("n_tokens", Type.INTEGER, "Number of tokens.", sources=("raw_texts.text",)),
        Column(
            "text_hash",
            Type.VARCHAR,
            "SHA-256 of clean_text (of clean_text and vector where the source brings one): the key of embeddings.",
            sources=("raw_texts.text", "raw_texts.vector"),
        ),
    ),
)

EMBEDDINGS = Table(
    "embeddings",
    "a distinct clean text of this window, as a vector",
    ("text_hash", "encoder"),
    (
        Column("text_hash", Type.VARCHAR, "The clean text's hash.", sources=("cleaned_tokens.text_hash",)),
        Column(
            "encoder",
            Type.VARCHAR,
            "Fingerprint of the encoder: weights, tokenizer, pooling, length limit and precision.",
        ),
        Column(
            "vector",
            Type.VECTOR,
            "The text's vector, unit length.",
            sources=("cleaned_tokens.clean_text", "raw_texts.vector"),
        ),
        Column(
            "n_model_tokens",
            Type.INTEGER,
            "Tokens the encoder read, 0 for a ready-made vector.",
            sources=("cleaned_tokens.clean_text",),
        ),
        Column(
            "truncated",
            Type.BOOLEAN,
            "Whether the text was longer than encoder.max_tokens.",
            sources=("cleaned_tokens.clean_text",),
        ),
    ),
)

USER_INTERESTS = Table(
    "user_interests",
    "an interest of a user in this window",
    ("user_key", "interest_no"),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("raw_texts.user_key",)),
        Column("interest_no", Type.INTEGER, "0 = the user's strongest interest."),
        Column("weight", Type.DOUBLE, "The interest's share of the user; sums to 1 a user."),
        Column(
            "vector",
            Type.VECTOR,
            "Decayed mean of the interest's text vectors over the lookback, unit length.",
            sources=("embeddings.vector", "raw_texts.ts"),
        ),
        Column(
            "half",
            Type.VECTOR,
            "The part of the vector that comes from every second of its texts, by text_hash; null with one text.",
            nullable=True,
            sources=("embeddings.vector", "cleaned_tokens.text_hash"),
        ),
        Column(
            "n_texts",
            Type.INTEGER,
            "Texts that entered the vector; a text repeated within a window counts once.",
            sources=("cleaned_tokens.text_hash",),
        ),
        Column(
            "windows_present",
            Type.INTEGER,
            "How many windows of the lookback have been loaded: fewer than windows.lookback at the start of history.",
        ),
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder of the vectors.", sources=("embeddings.encoder",)),
        Column(
            "medoid_text_hash",
            Type.VARCHAR,
            "The text nearest to the interest (its hash in cleaned_tokens); null in windows loaded before it was kept.",
            nullable=True,
            sources=("cleaned_tokens.text_hash",),
        ),
        Column(
            "text_hashes",
            Type.TEXTS,
            "The texts the interest was made from, where the user has several; null: all of the user's.",
            nullable=True,
            sources=("cleaned_tokens.text_hash",),
        ),
    ),
)

CLUSTER_SNAPSHOTS = Table(
    "cluster_snapshots",
    "a cluster of this window",
    ("cluster_id",),
    (
        Column("cluster_id", Type.INTEGER, "Number within the window: 0 is the largest cluster."),
        Column(
            "top_terms",
            Type.TEXTS,
            "Terms that set the cluster apart (class-based TF-IDF), best first.",
            sources=("cleaned_tokens.tokens",),
        ),
        Column("size", Type.INTEGER, "Number of members (interests)."),
        Column("share", Type.DOUBLE, "Size over the window's members, unassigned ones included, 0 to 1."),
        Column(
            "centroid", Type.VECTOR, "Mean direction of the members, unit length.", sources=("user_interests.vector",)
        ),
        Column(
            "medoid_user_key", Type.VARCHAR, "The member nearest to all others.", sources=("user_interests.user_key",)
        ),
        Column(
            "example_texts",
            Type.TEXTS,
            "Texts nearest to the centroid, each of another user.",
            sources=("cleaned_tokens.clean_text",),
        ),
        Column("cohesion", Type.DOUBLE, "Mean cosine of the members to the centroid, -1 to 1."),
        Column("method", Type.VARCHAR, "The clustering method."),
        Column("k", Type.INTEGER, "Number of clusters of the window."),
        Column("k_method", Type.VARCHAR, "How k was chosen: `fixed`, the rule's name, or `density`: by the method."),
        Column(
            "separation",
            Type.DOUBLE,
            "Distance to the nearest other cluster along the line between them, in standard deviations; null alone.",
            nullable=True,
            sources=("user_interests.vector",),
        ),
        Column(
            "structure",
            Type.VARCHAR,
            "How the window's users fall into groups: `clear` (gaps between them), `weak` (they overlap), `none`.",
            nullable=True,
            sources=("user_interests.vector",),
        ),
        Column(
            "silhouette",
            Type.DOUBLE,
            "Mean cosine silhouette of the window's clustering; null with one cluster.",
            nullable=True,
        ),
        Column("mlflow_run_id", Type.VARCHAR, "The MLflow run of this clustering."),
        Column("lake_version", Type.BIGINT, "The lake snapshot that the clustering read."),
    ),
)

CLUSTER_MEMBERS = Table(
    "cluster_members",
    "a user's interest in a cluster of this window",
    ("user_key", "interest_no"),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("user_interests.user_key",)),
        Column("interest_no", Type.INTEGER, "Which of the user's interests.", sources=("user_interests.interest_no",)),
        Column(
            "cluster_id",
            Type.INTEGER,
            "The cluster; -1: unassigned, in none (hdbscan's noise).",
            sources=("user_interests.vector",),
        ),
        Column(
            "membership",
            Type.DOUBLE,
            "Probability of the cluster, 0 to 1; 0 where unassigned.",
            sources=("user_interests.vector",),
        ),
        Column(
            "distance",
            Type.DOUBLE,
            "Cosine distance to the centroid (where unassigned, to the nearest), 0 to 2.",
            sources=("user_interests.vector",),
        ),
        Column(
            "memberships",
            Type.VECTOR,
            "Probability of every cluster, by cluster_id; null where it is the posterior that follows from centroids.",
            nullable=True,
            sources=("user_interests.vector",),
        ),
        Column(
            "leaf",
            Type.INTEGER,
            "The leaf of the window's tree (cluster_trees); null where the method has none.",
            nullable=True,
            sources=("user_interests.vector",),
        ),
    ),
)

SEGMENT_FEATURES = Table(
    "segment_features",
    "a segment in this window",
    ("segment_id",),
    (
        Column(
            "segment_id",
            Type.VARCHAR,
            "The segment (`s0001` ...): the same id in every window until it splits, merges or dies.",
            sources=("segment_identities.segment_id",),
        ),
        Column(
            "cluster_id",
            Type.INTEGER,
            "The cluster that is the segment in this window.",
            sources=("cluster_snapshots.cluster_id",),
        ),
        Column("name", Type.VARCHAR, "What the segment is called.", sources=("segment_identities.name",)),
        Column("size", Type.INTEGER, "Number of members (interests).", sources=("cluster_snapshots.size",)),
        Column("share", Type.DOUBLE, "Size over the window's members, 0 to 1.", sources=("cluster_snapshots.share",)),
        Column(
            "growth",
            Type.DOUBLE,
            "Size over the segment's size in the last window, minus 1; null where it was absent from that.",
            nullable=True,
            sources=("cluster_members.cluster_id", "segment_identities.segment_id"),
        ),
        Column(
            "activity",
            Type.DOUBLE,
            "Texts written in this window per user of the segment (of several interests, those of the segment's).",
            sources=("raw_texts.user_key", "cluster_members.user_key"),
        ),
        Column(
            "recency",
            Type.DOUBLE,
            "Mean days from a user's last text (of the segment's interests) to the window's end.",
            sources=("raw_texts.ts", "cluster_members.user_key"),
        ),
        Column(
            "retention",
            Type.DOUBLE,
            "Share of its users of the last window, by any interest, that are in it now; null where it was absent.",
            nullable=True,
            sources=("cluster_members.user_key", "segment_identities.segment_id"),
        ),
        Column(
            "rating_mean",
            Type.DOUBLE,
            "Mean rating in this window's texts of its users; null without ratings.",
            nullable=True,
            sources=("raw_texts.rating",),
        ),
        Column("top_terms", Type.TEXTS, "The cluster's top terms.", sources=("cluster_snapshots.top_terms",)),
        Column(
            "top_items",
            Type.TEXTS,
            "Items most of its users wrote about in this window, most first.",
            sources=("raw_texts.item_id",),
        ),
        Column("vector", Type.VECTOR, "The cluster's centroid.", sources=("cluster_snapshots.centroid",)),
    ),
)

USER_SEGMENT_FEATURES = Table(
    "user_segment_features",
    "a user in this window, encoded by segments (v_u)",
    ("user_key",),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("cluster_members.user_key",)),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The segment of the user's strongest interest; `unassigned` where that is in no cluster.",
            sources=("segment_features.segment_id",),
        ),
        Column(
            "one_hot",
            Type.VECTOR,
            "1 at the user's segment; positions are the window's cluster ids; all 0 where unassigned.",
            sources=("cluster_members.cluster_id",),
        ),
        Column(
            "soft",
            Type.VECTOR,
            "Membership in every cluster, weighted over interests; sums to 1.",
            sources=("user_interests.vector", "cluster_snapshots.centroid"),
        ),
        Column(
            "embedding",
            Type.VECTOR,
            "Centroids weighted by `soft`, unit length.",
            sources=("cluster_snapshots.centroid",),
        ),
        Column(
            "encoding_version",
            Type.VARCHAR,
            "Names encoder, window and clusters: encodings of two versions are not comparable.",
        ),
    ),
)

WINDOW_LOADS = Table(
    "window_loads",
    "the last load of a table's window, also of an empty one",
    ("table_name",),
    (
        Column("table_name", Type.VARCHAR, "The table loaded."),
        Column("rows", Type.BIGINT, "Rows the load wrote."),
        Column("asset", Type.VARCHAR, "The asset that wrote it."),
        Column("dagster_run_id", Type.VARCHAR, "The Dagster run that wrote it."),
        Column("mlflow_run_id", Type.VARCHAR, "The MLflow run, where the asset has one.", nullable=True),
        Column("code_version", Type.VARCHAR, "Code version of the asset."),
        Column("loaded_at", Type.TIMESTAMP, "When, in UTC."),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        RAW_TEXTS,
        REJECTED_TEXTS,
        CLEANED_TOKENS,
        EMBEDDINGS,
        *ENCODER_TABLES,
        USER_INTERESTS,
        CLUSTER_SNAPSHOTS,
        CLUSTER_MEMBERS,
        K_CURVES,
        CARRIED_SEGMENTS,
        CLUSTER_TREES,
        *DYNAMICS_TABLES,
        SEGMENT_FEATURES,
        USER_SEGMENT_FEATURES,
        *RECOMMENDATION_TABLES,
        *COMPARISON_TABLES,
        *LIVE_TABLES,
        WINDOW_LOADS,
    )
}
"""Every table of the lake by name."""
