"""The tables of recommendations: vectors of items, what is offered, what came of it, and how good it was."""

from interest_platform.domain.contract import Column, Table, Type

LEADING = "ndcg"
"""The metric that strategies are compared by, and that is told by segment and by kind of user."""


ABLATIONS = ("segments shuffled", "no segments")


def ablated_names(strategy: str) -> tuple[str, ...]:
    """What a strategy is called with shuffled segments, and without."""
    return tuple(f"{strategy} ({ablation})" for ablation in ABLATIONS)


def less_metric(strategy: str, other: str) -> str:
    """The metric of what a strategy has more than another one, or than itself with shuffled segments or without.

    >>> less_metric("hybrid", "ease"), less_metric("hybrid", "hybrid (no segments)")
    ('ndcg_less_ease', 'ndcg_less_no_segments')
    """
    own = dict(zip(ablated_names(strategy), ABLATIONS, strict=True))
    return f"{LEADING}_less_{own.get(other, other).replace(' ', '_')}"


_SEEN = ("raw_texts.user_key", "raw_texts.item_id", "raw_texts.ts")

ITEM_VECTORS = Table(
    "item_vectors",
    "an item that texts of this window or its lookback are about",
    ("item_id",),
    (
        Column("item_id", Type.VARCHAR, "The item.", sources=("raw_texts.item_id",)),
        Column(
            "vector",
            Type.VECTOR,
            "Mean of the vectors of the texts about it, unit length; a text of several users counts once.",
            sources=("embeddings.vector",),
        ),
        Column("n_texts", Type.INTEGER, "Distinct texts that entered the vector.", sources=("raw_texts.text_id",)),
        Column("n_users", Type.INTEGER, "Users who wrote them.", sources=("raw_texts.user_key",)),
        Column("encoder", Type.VARCHAR, "Fingerprint of the encoder of the vector.", sources=("embeddings.encoder",)),
    ),
)

RECOMMENDATIONS = Table(
    "recommendations",
    "an item offered to a user after this window",
    ("user_key", "strategy", "rank"),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("raw_texts.user_key",)),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The segment of the user's strongest interest; null where none is known.",
            nullable=True,
            sources=("segment_identities.segment_id",),
        ),
        Column("strategy", Type.VARCHAR, "What made the list."),
        Column("rank", Type.INTEGER, "Place in the user's list, 1 is the first."),
        Column(
            "item_id",
            Type.VARCHAR,
            "The item; none that a filter hides, nor, unless seen ones are shown, that the user had dealt with.",
            sources=(*_SEEN, "recommendation_filters.item_id"),
        ),
        Column(
            "score",
            Type.DOUBLE,
            "The strategy's score: comparable within the user's list alone; where lists are diversified, rank is not "
            "its order.",
            sources=_SEEN,
        ),
        Column("reason", Type.VARCHAR, "Why this item, in a few words for people."),
        Column(
            "lake_version",
            Type.BIGINT,
            "The lake snapshot that the lists were made from, and are judged with; null in rows from earlier versions.",
            nullable=True,
        ),
    ),
)

RECOMMENDATION_FILTERS = Table(
    "recommendation_filters",
    "an item that was hidden from a user, or from everybody, in the lists made after this window",
    ("user_key", "item_id"),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym; null: hidden from everybody.", nullable=True),
        Column("item_id", Type.VARCHAR, "The item."),
        Column("reason", Type.VARCHAR, "Why, as the filters say; null where they don't.", nullable=True),
    ),
)

_LISTS = ("recommendations.item_id", "raw_texts.item_id")

RECOMMENDATION_OUTCOMES = Table(
    "recommendation_outcomes",
    "a user who took up something new in this window or the others of the horizon, and how the list before them had it",
    ("user_key", "strategy"),
    (
        Column("user_key", Type.VARCHAR, "The user's pseudonym.", sources=("raw_texts.user_key",)),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The user's segment when the list was made; null where none was known.",
            nullable=True,
            sources=("recommendations.segment_id",),
        ),
        Column("warm", Type.BOOLEAN, "Whether the user had 5 interactions when the list was made."),
        Column("strategy", Type.VARCHAR, "What made the list; its own name where segments were shuffled or left out."),
        Column("k", Type.INTEGER, "Places of the list that were judged."),
        Column(
            "horizon",
            Type.INTEGER,
            "Windows that the list was judged by, this one the last; null in rows from earlier versions: 1.",
            nullable=True,
        ),
        *(
            Column(name, Type.DOUBLE, told, nullable=name == "diversity", sources=_LISTS)
            for name, told in {
                "precision": "Hits over k.",
                "recall": "Hits over what the user took up.",
                "f1": "Harmonic mean of precision and recall.",
                "hit_rate": "1 with a hit, else 0.",
                "ndcg": "Normalised discounted cumulative gain, 0 to 1.",
                "map": "Average precision.",
                "mrr": "1 over the rank of the first hit, 0 without one.",
                "debiased_recall": "Recall with items weighed against their popularity.",
                "debiased_ndcg": "NDCG with items weighed against their popularity.",
                "novelty": "Mean self-information of the list's items, in bits.",
                "serendipity": "Share of the list that is a hit and not popular.",
                "diversity": "1 less the mean cosine between the list's items; null where no vector is known.",
                "popularity": "Mean share of users who dealt with the list's items.",
            }.items()
        ),
    ),
)

RECOMMENDATION_METRICS = Table(
    "recommendation_metrics",
    "a measured quality",
    ("strategy", "metric", "k", "segment_id"),
    (
        Column("strategy", Type.VARCHAR, "The strategy.", sources=("recommendations.strategy",)),
        Column(
            "metric",
            Type.VARCHAR,
            "A column of recommendation_outcomes, with _warm or _cold for such users alone; `ndcg_less_RIVAL` (or "
            "_segments_shuffled, _no_segments): the paired difference; coverage and gini of this window's lists; "
            "`gate`: 1 where it may be published.",
        ),
        Column("k", Type.INTEGER, "Places of the list."),
        Column(
            "segment_id",
            Type.VARCHAR,
            "The users' segment; null: all users.",
            nullable=True,
            sources=("recommendation_outcomes.segment_id",),
        ),
        Column("value", Type.DOUBLE, "Mean over users and windows.", sources=("recommendation_outcomes.ndcg",)),
        Column("ci_low", Type.DOUBLE, "Lower 95 % limit, users drawn again; null where there is none.", nullable=True),
        Column("ci_high", Type.DOUBLE, "Upper 95 % limit; null where there is none.", nullable=True),
        Column("n_users", Type.INTEGER, "Distinct users behind the value."),
        Column("protocol", Type.VARCHAR, "How it was judged."),
    ),
)

RECOMMENDATION_TABLES = (
    ITEM_VECTORS,
    RECOMMENDATIONS,
    RECOMMENDATION_FILTERS,
    RECOMMENDATION_OUTCOMES,
    RECOMMENDATION_METRICS,
)
"""All tables of this module."""
