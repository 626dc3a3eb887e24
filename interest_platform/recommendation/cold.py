"""Users and items that a strategy knows nothing of."""

from dataclasses import dataclass, field

import numpy as np

from interest_platform.recommendation.content import Content
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.ease import Ease
from interest_platform.recommendation.known import items_known, users_known
from interest_platform.recommendation.popular import RecentlyPopular
from interest_platform.recommendation.segment_popular import SegmentPopular
from interest_platform.recommendation.standard import moments, z_scores
from interest_platform.recommendation.strategy import Fitted, Strategy


@dataclass(frozen=True)
class FittedCold:
    """`base` for users with interactions, `others` in order for the rest; `content` for items without."""

    context: Context
    base: Fitted
    others: tuple[tuple[Fitted, np.ndarray], ...]
    """Each with the users (n,) bool it may speak for; the last speaks for all."""
    content: Fitted | None
    warm: np.ndarray
    """Users with interactions, (n,) bool."""
    cold_items: np.ndarray
    """Columns without interactions, ascending."""

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Of the first that speaks for each user, cold items added at the content's z-score on the same scale."""
        scores, _ = self._sourced(np.asarray(rows))
        if self.content is None or not len(self.cold_items):
            return scores
        told = z_scores(self.content.scores(rows))[:, self.cold_items]
        mean, deviation = moments(scores)
        scale = np.where(np.isfinite(scores).any(axis=1, keepdims=True), deviation, 1)
        scores[:, self.cold_items] = np.maximum(
            scores[:, self.cold_items], np.where(np.isfinite(told), mean + scale * np.maximum(told, -1e9), -np.inf)
        )
        return scores

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """Of whoever gave the score."""
        scores, source = self._sourced(np.array([row]))
        speaker = self.base if source[0] < 0 else self.others[source[0]][0]
        by_content = ~np.isfinite(scores[0, items])
        words = np.empty(len(items), object)
        words[~by_content] = speaker.reasons(row, items[~by_content])
        if by_content.any() and self.content is not None:
            words[by_content] = self.content.reasons(row, items[by_content])
        return words.tolist()

    def _sourced(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores (b, m), and whose they are (b,): -1 the base's, else a place in `others`."""
        scores = np.array(self.base.scores(rows))
        source = np.full(len(rows), -1)
        asked = ~self.warm[rows] | ~np.isfinite(scores).any(axis=1)
        for place, (other, speaks) in enumerate(self.others):
            mine = np.flatnonzero(asked & speaks[rows])
            if len(mine):
                scores[mine], source[mine] = other.scores(rows[mine]), place
                asked[mine] = False
        return scores, source


@dataclass(frozen=True)
class Cold:
    """Complete a strategy.

    A user without interactions, or of whom the strategy says nothing, gets what is popular in the segment; without a
    segment what is near to the texts; without texts what is popular of late. Items without interactions are added by
    content where items have vectors.
    """

    base: Strategy = field(default_factory=Ease)

    name = "cold"

    def fit(self, context: Context) -> FittedCold:
        """Fit all that may be asked."""
        n = len(context.interactions.users)
        others: list[tuple[Fitted, np.ndarray]] = [(RecentlyPopular().fit(context), np.ones(n, bool))]
        content = None if context.item_vectors is None else Content().fit(context)
        if content is not None:
            others.insert(0, (content, np.asarray(content.users.any(axis=1))))
        if context.segments is not None:
            others.insert(0, (SegmentPopular().fit(context), np.asarray(context.segments.any(axis=1))))
        return FittedCold(
            context,
            self.base.fit(context),
            tuple(others),
            content,
            users_known(context.interactions),
            np.flatnonzero(~items_known(context.interactions)),
        )
