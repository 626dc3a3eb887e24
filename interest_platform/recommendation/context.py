"""All that is known at the end of a window, and nothing later."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from interest_platform.recommendation.interactions import Interactions


@dataclass(frozen=True)
class Context:
    """What strategies learn from; rows are `interactions.users` (n), columns `interactions.items` (m).

    Users without interactions are rows, items without any are columns: cold ones, known by texts or content.
    """

    end: datetime
    """The end of the window, excluded: nothing at or after it is known."""
    interactions: Interactions
    recent_days: float
    """What counts as recent: the length of the window."""
    segment_ids: tuple[str, ...] = ()
    segments: np.ndarray | None = None
    """(n, s) float32, shares of the user in `segment_ids`, each row sums to 1, or to 0 where no segment is known."""
    user_vectors: np.ndarray | None = None
    """(n, d) float32 unit vectors of interests, rows of 0 where none is known."""
    item_vectors: np.ndarray | None = None
    """(m, d) float32 unit vectors, rows of 0 where none is known."""

    def segments_of(self, rows: np.ndarray) -> list[str | None]:
        """The segment with the largest share of each of these users, None where none is known."""
        if self.segments is None or not self.segment_ids:
            return [None] * len(rows)
        shares = self.segments[rows]
        largest = shares.argmax(axis=1)
        return [self.segment_ids[s] if share[s] > 0 else None for s, share in zip(largest, shares, strict=True)]
