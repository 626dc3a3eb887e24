"""What a segment is called: its id and its short name."""

from collections.abc import Sequence

from interest_platform.domain.windows import Window

NAME_TERMS = 3
"""Top terms a name is made of."""


def segment_id(window: Window, cluster_id: int) -> str:
    """The id of the segment that is a window's own cluster; the number has two digits or more.

    >>> from datetime import datetime
    >>> segment_id(Window(datetime(2024, 1, 1), datetime(2024, 1, 8)), 3)
    'w20240101-c03'
    """
    return f"w{window.start:%Y%m%d}-c{cluster_id:02d}"


def segment_name(top_terms: Sequence[str], cluster_id: int) -> str:
    """The first three top terms, or `segment c03` where the cluster has no term.

    >>> segment_name(["train", "ticket", "rail", "lyon"], 3)
    'train, ticket, rail'
    """
    return ", ".join(top_terms[:NAME_TERMS]) or f"segment c{cluster_id:02d}"
