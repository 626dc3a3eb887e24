"""Popular in the user's segments, smoothed so that a small segment says no more than it knows."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.memberships import group_sums, memberships, segment_name
from interest_platform.recommendation.popular import recent

NO_DIFFERENCE = 1e9
"""A prior so strong that segments are as all users are."""


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
    counts in interactions: a segment with as many is half its own; None: found from how much segments differ. A user's
    score is the mean over the segments by shares; what is in no segment counts as of all users, so that without
    segments this is most popular.
    """

    prior: float | None = None

    name = "segment-popular"

    def fit(self, context: Context) -> FittedSegmentPopular:
        """Count by segment, smooth to everybody."""
        counts = group_sums(context, self._counted(context)).astype(np.float64)
        everyone = counts[-1] / max(counts[-1].sum(), 1)
        totals = counts.sum(axis=1, keepdims=True)
        prior = estimated_prior(counts[:-1], everyone) if self.prior is None else self.prior
        chances = (counts + prior * everyone) / (totals + prior)
        return FittedSegmentPopular(context, memberships(context), chances.astype(np.float32), everyone > 0)

    def _counted(self, context: Context) -> csr_array:
        return context.interactions.binary


@dataclass(frozen=True)
class SegmentRecentlyPopular(SegmentPopular):
    """The same of interactions within the last `recent_days` of the context."""

    name = "segment-recently-popular"

    def _counted(self, context: Context) -> csr_array:
        return recent(context.interactions, context.recent_days)


def estimated_prior(counts: np.ndarray, shares: np.ndarray) -> float:
    """The Dirichlet's concentration from counts by segment (s, m), given the items' shares (m,) among all.

    By moments: of Pearson's X2 between segments the Dirichlet-multinomial expects (m - 1) (N_s + prior) / (1 + prior)
    from each of size N_s (Mosimann 1962), in s - 1 of the s segments, the shares being from the same counts. Segments
    that differ no more than chance has it, and a single one, get `NO_DIFFERENCE`.
    """
    counts, shares = counts[counts.sum(axis=1) > 0][:, shares > 0], shares[shares > 0]
    segments, free = len(counts) - 1, len(shares) - 1
    if segments < 1 or free < 1:
        return NO_DIFFERENCE
    sizes = counts.sum(axis=1, keepdims=True)
    found = ((counts - sizes * shares) ** 2 / (sizes * shares)).sum()
    size = sizes.mean() * segments
    excess = found - free * segments
    if excess <= 0:
        return NO_DIFFERENCE
    return float(np.clip((free * size - found) / excess, 1.0, NO_DIFFERENCE))
