"""Popular in the user's segments, smoothed so that a small segment says no more than it knows."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.memberships import group_sums, memberships, segment_name
from interest_platform.recommendation.popular import recent


@dataclass(frozen=True)
class FittedSegmentPopular:
    """`shares` (n, s + 1) of users in segments, `chances` (s + 1, m) of items in them."""

    context: Context
    shares: csr_array
    chances: np.ndarray
    shown: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The chance that the next interaction of such a user is with the item, in thousandths, (b, m)."""
        scores = 1000 * (self.shares[rows] @ self.chances)
        scores[:, ~self.shown] = -np.inf
        return scores

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """The segment that gives the item most of its score."""
        given = self.shares[[row]].toarray().T * self.chances[:, items]
        return [reasons.of_segment(segment_name(self.context, int(s))) for s in given.argmax(axis=0)]


@dataclass(frozen=True)
class SegmentPopular:
    """Dirichlet-smoothed popularity by soft memberships.

    For segment s, item i: (c_si + prior * p_i) / (c_s + prior), where c_si is the users of i weighted by their shares
    in s, c_s its sum over items, and p_i the item's share of all (user, item) pairs (Zhai and Lafferty 2004). `prior`
    counts in interactions: a segment with as many is half its own. A user's score is the mean over the segments by
    shares; what is in no segment counts as of all users, so that without segments this is most popular.
    """

    prior: float = 500.0

    name = "segment-popular"

    def fit(self, context: Context) -> FittedSegmentPopular:
        """Count by segment, smooth to everybody."""
        counts = group_sums(context, self._counted(context)).astype(np.float64)
        everyone = counts[-1] / max(counts[-1].sum(), 1)
        totals = counts.sum(axis=1, keepdims=True)
        chances = (counts + self.prior * everyone) / (totals + self.prior)
        return FittedSegmentPopular(context, memberships(context), chances.astype(np.float32), everyone > 0)

    def _counted(self, context: Context) -> csr_array:
        return context.interactions.binary


@dataclass(frozen=True)
class SegmentRecentlyPopular(SegmentPopular):
    """The same of interactions within the last `recent_days` of the context."""

    name = "segment-recently-popular"

    def _counted(self, context: Context) -> csr_array:
        return recent(context.interactions, context.recent_days)
