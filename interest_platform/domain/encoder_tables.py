"""The tables of a change of encoder: earlier texts by the new one, and how the old space maps to the new one."""

from interest_platform.domain.contract import Column, Table, Type

_VECTORS = ("embeddings.vector", "encoder_overlaps.vector")

ENCODER_MIGRATIONS = Table(
    "encoder_migrations",
    "a change of encoder into this window; none where the encoder is the last window's",
    ("from_encoder", "to_encoder"),
    (
        Column(
            "from_encoder", Type.VARCHAR, "Fingerprint of the last windows' encoder.", sources=("embeddings.encoder",)
        ),
        Column("to_encoder", Type.VARCHAR, "Fingerprint of this window's encoder.", sources=("embeddings.encoder",)),
        Column("n_texts", Type.INTEGER, "Texts that both have encoded: what the mapping was fitted on."),
        Column("d_from", Type.INTEGER, "Length of the old encoder's vectors."),
        Column("d_to", Type.INTEGER, "Length of the new encoder's vectors."),
        Column(
            "cosine",
            Type.DOUBLE,
            "Mean cosine of mapped old vectors to the new ones, of texts held out; null with too few texts.",
            nullable=True,
            sources=_VECTORS,
        ),
        Column(
            "chance",
            Type.DOUBLE,
            "Mean cosine of mapped old vectors to other texts' new ones: what any text would have.",
            nullable=True,
            sources=_VECTORS,
        ),
        Column(
            "error",
            Type.DOUBLE,
            "Relative error in Frobenius' norm, of texts held out: 0 is perfect.",
            nullable=True,
            sources=_VECTORS,
        ),
        Column(
            "matrix",
            Type.VECTOR,
            "The mapping, d_from rows of d_to values: an old vector times it lies in the new space; null with too few "
            "texts.",
            nullable=True,
            sources=_VECTORS,
        ),
    ),
)

ENCODER_OVERLAPS = Table(
    "encoder_overlaps",
    "a text of earlier windows by this window's encoder, where that has changed",
    ("text_hash", "encoder"),
    (
        Column("text_hash", Type.VARCHAR, "The clean text's hash.", sources=("cleaned_tokens.text_hash",)),
        Column("encoder", Type.VARCHAR, "Fingerprint of this window's encoder.", sources=("embeddings.encoder",)),
        Column("vector", Type.VECTOR, "The text's vector, unit length.", sources=("cleaned_tokens.clean_text",)),
    ),
)

ENCODER_TABLES = (ENCODER_MIGRATIONS, ENCODER_OVERLAPS)
