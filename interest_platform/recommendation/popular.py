"""Most popular, ever and of late: the same list for everybody, and the rivals that honest evaluation asks for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.known import users_of


@dataclass(frozen=True)
class SameForAll:
    """Scores of items (m,), whoever asks."""

    item_scores: np.ndarray
    reason: Callable[[int], str]
    """Of a column."""

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The items' scores, (b, m)."""
        return np.tile(self.item_scores, (len(rows), 1))

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """How popular each is."""
        return [self.reason(int(item)) for item in items]


@dataclass(frozen=True)
class Popular:
    """By the number of distinct users; an item without any is not shown."""

    name = "popular"

    def fit(self, context: Context) -> SameForAll:
        """Count."""
        users = users_of(context.interactions)
        scores = np.where(users, users, -np.inf).astype(np.float32)
        return SameForAll(scores, lambda item: reasons.popular(int(users[item])))


@dataclass(frozen=True)
class RecentlyPopular:
    """By the number of distinct users within the last days; items without one come after, the most popular first.

    `days` None: the context's, which is the length of the window. On a global split this is the rival that most models
    don't beat (Ji et al. 2020, "A re-visit of the popularity baseline in recommender systems").
    """

    days: float | None = None

    name = "recently-popular"

    def fit(self, context: Context) -> SameForAll:
        """Count those that are no older."""
        days = context.recent_days if self.days is None else self.days
        ever = users_of(context.interactions)
        lately = np.bincount(recent(context.interactions, days).indices, minlength=len(ever))
        before = np.where(ever, ever / (1 + ever.max(initial=0)), -np.inf)
        return SameForAll(
            np.where(lately, lately, before).astype(np.float32),
            lambda item: reasons.recently_popular(days) if lately[item] else reasons.popular(int(ever[item])),
        )


def recent(interactions: Interactions, days: float) -> csr_array:
    """1 where the last of these interactions is no older, (n, m) float32."""
    ages = interactions.ages
    found = csr_array(((ages.data <= days).astype(np.float32), ages.indices, ages.indptr), ages.shape, copy=True)
    found.eliminate_zeros()
    return found
