"""The tables of a comparison of encoders, clusterers and rules for k: vectors it has had made, and what it measured."""

from interest_platform.domain.contract import Column, Table, Type

_VECTORS = ("comparison_vectors.vector", "embeddings.vector")
_LABELS = ("raw_texts.category", "raw_texts.item_id")
_TOKENS = ("cleaned_tokens.tokens",)

COMPARISON_VECTORS = Table(
    "comparison_vectors",
    "a text of this window or its lookback that was encoded for a comparison; none where the lake had the vector",
    ("text_hash", "encoder"),
    (
        Column("text_hash", Type.VARCHAR, "The clean text's hash.", sources=("cleaned_tokens.text_hash",)),
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder."),
        Column("vector", Type.VECTOR, "The text's vector, unit length.", sources=("cleaned_tokens.clean_text",)),
        Column("n_model_tokens", Type.INTEGER, "Tokens the encoder read, its own markers included."),
        Column("truncated", Type.BOOLEAN, "Whether the encoder cut the text."),
        Column("seconds", Type.DOUBLE, "How long it took: its share of the time of the texts encoded with it."),
    ),
)

COMPARISON_LEADERBOARD = Table(
    "comparison_leaderboard",
    "an encoder with a clusterer and a way to k, as they did in this window",
    ("encoder", "method", "k_rule"),
    (
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder."),
        Column("encoder_name", Type.VARCHAR, "Kind and model of the encoder, and what else its settings say."),
        Column("method", Type.VARCHAR, "Clustering method."),
        Column("k_rule", Type.VARCHAR, "The rule that chose k, `k=8` where it was given, `density` with hdbscan."),
        Column("k", Type.INTEGER, "Clusters found; 0 in a window without users.", sources=_VECTORS),
        Column("interests", Type.INTEGER, "Interests of users that were clustered.", sources=("raw_texts.user_key",)),
        Column("unassigned_share", Type.DOUBLE, "Share of them in no cluster, 0 to 1.", sources=_VECTORS),
        Column("largest_share", Type.DOUBLE, "Share of the largest cluster; null without one.", True, _VECTORS),
        Column(
            "silhouette",
            Type.DOUBLE,
            "Mean cosine silhouette of those in clusters; null with one cluster. Not comparable between encoders.",
            True,
            _VECTORS,
        ),
        Column(
            "stability",
            Type.DOUBLE,
            "Mean adjusted Rand index between the clusters of half the users and what the other half's predict; null "
            "with one cluster or few users.",
            True,
            _VECTORS,
        ),
        Column(
            "held_out",
            Type.DOUBLE,
            "Mean silhouette of users put to clusters that other users have shaped; null as stability is.",
            True,
            _VECTORS,
        ),
        Column("npmi", Type.DOUBLE, "Mean NPMI of the clusters' top terms; null without two terms.", True, _TOKENS),
        Column("diversity", Type.DOUBLE, "Distinct top terms over top terms; null without one.", True, _TOKENS),
        Column("labelled", Type.INTEGER, "Interests whose texts have a label (`comparison.label`).", sources=_LABELS),
        Column("ami", Type.DOUBLE, "Adjusted mutual information to the labels; null without any.", True, _LABELS),
        Column("ari", Type.DOUBLE, "Adjusted Rand index to the labels; null without any.", True, _LABELS),
        Column("seconds", Type.DOUBLE, "How long clustering took, choice of k included."),
        Column("peak_memory_mib", Type.DOUBLE, "Most memory it took beside what the process held, in MiB."),
        Column(
            "texts_per_second",
            Type.DOUBLE,
            "Speed of encoding, where texts of the window were encoded for the comparison; else null.",
            True,
            ("comparison_vectors.seconds",),
        ),
        Column("digest", Type.VARCHAR, "Names what was measured and on what: the same is not measured again."),
        Column("mlflow_run_id", Type.VARCHAR, "The MLflow run of the cell that measured it."),
        Column("lake_version", Type.BIGINT, "The lake version it was measured on."),
    ),
)

COMPARISON_TABLES = (COMPARISON_VECTORS, COMPARISON_LEADERBOARD)
