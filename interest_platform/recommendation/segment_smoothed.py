"""Collaborative filtering on the user's row shrunk to the segment's."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.ease import Ease, FittedEase
from interest_platform.recommendation.known import items_known, own_items, users_known
from interest_platform.recommendation.memberships import group_sums, memberships, segment_name


@dataclass(frozen=True)
class FittedSegmentSmoothed:
    """`own` (n,) is what each user's row counts, `by_segment` (s + 1, m) the segments' mean rows through the model."""

    context: Context
    model: FittedEase
    own: np.ndarray
    shares: csr_array
    by_segment: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """EASE of the shrunk rows, (b, m); EASE is linear, so that the two parts are added after it."""
        own = self.own[rows, None]
        scores = own * self.model.of(self.context.interactions.binary[rows])
        scores += (1 - own) * (self.shares[rows] @ self.by_segment)
        scores[:, ~items_known(self.context.interactions)] = -np.inf
        return scores

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """The similar item where the user's own row says more than the segment's, or else the segment."""
        interactions = self.context.interactions
        given = self.shares[[row]].toarray().T * self.by_segment[:, items]
        mine = self.own[row] * self.model.of(interactions.binary[[row]])[0, items]
        segments = [reasons.of_segment(segment_name(self.context, int(s))) for s in given.argmax(axis=0)]
        if not len(own_items(interactions, row)):
            return segments
        own = mine >= (1 - self.own[row]) * given.sum(axis=0)
        return [
            mine if at else theirs
            for at, mine, theirs in zip(own, self.model.reasons(row, items), segments, strict=True)
        ]


@dataclass(frozen=True)
class SegmentSmoothed:
    """EASE on x_u * n_u / (n_u + prior) + (mean row of u's segments) * prior / (n_u + prior).

    n_u is the number of the user's items: who has few is seen as the segment is, who has many as themselves (the form
    of James-Stein shrinkage). Users of no segment shrink to the mean row of all.
    """

    prior: float = 5.0
    model: Ease = field(default_factory=Ease)

    name = "segment-smoothed"

    def fit(self, context: Context) -> FittedSegmentSmoothed:
        """EASE on the rows as they are, then the segments' mean rows."""
        interactions, shares = context.interactions, memberships(context)
        items = np.diff(interactions.counts.indptr)
        active = users_known(interactions)
        weight = np.append(shares[active][:, :-1].sum(axis=0), active.sum())
        means = group_sums(context, interactions.binary) / np.maximum(weight, 1e-9)[:, None]
        if not weight.all():  # a segment that none is active in is as all are
            means[weight == 0] = means[-1]
        fitted = self.model.fit(context)
        own = (items / (items + self.prior)).astype(np.float32)
        return FittedSegmentSmoothed(context, fitted, own, shares, fitted.of(csr_array(means.astype(np.float32))))
