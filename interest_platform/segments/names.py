"""What a segment is called: its short name."""

from collections.abc import Sequence

NAME_TERMS = 3
"""Top terms a name is made of."""


def segment_name(top_terms: Sequence[str], cluster_id: int) -> str:
    """The first three top terms, or `segment c03` where the cluster has no term.

    >>> segment_name(["train", "ticket", "rail", "lyon"], 3)
    'train, ticket, rail'
    """
    return ", ".join(top_terms[:NAME_TERMS]) or f"segment c{cluster_id:02d}"
