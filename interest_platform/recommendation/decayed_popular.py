"""Popularity that fades: what is old counts less, nothing is cut off."""

from dataclasses import dataclass

import numpy as np

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.known import users_of
from interest_platform.recommendation.popular import SameForAll


@dataclass(frozen=True)
class DecayedPopular:
    """log(d_i + t) with d_i the sum over the item's users of 2^(-age / half-life), and t its mean over users.

    The half-life is `windows` times the context's `recent_days`, a quarter of a year of weeks. The logarithm, since
    counts are skewed: as a part of a blend a few items would be all that counts otherwise. t keeps old items in order.
    Exponential forgetting is from Koren 2009, "Collaborative filtering with temporal dynamics".
    """

    windows: float = 13.0

    name = "decayed-popular"

    def fit(self, context: Context) -> SameForAll:
        """Sum."""
        users, faded = users_of(context.interactions), decayed_users(context.interactions, self._days(context))
        still = faded.sum() / max(users.sum(), 1)
        scores = np.log(faded + still, out=np.full(len(users), -np.inf), where=users > 0)
        return SameForAll(scores.astype(np.float32), lambda item: reasons.popular(int(users[item])))

    def _days(self, context: Context) -> float:
        return self.windows * context.recent_days


def decayed_users(interactions: Interactions, half_life: float) -> np.ndarray:
    """Users of each item, each counting 2^(-age / half_life) with ages in days, (m,) float64."""
    ages = interactions.ages
    counts = np.exp2(-ages.data.astype(np.float64) / half_life)
    return np.bincount(ages.indices, weights=counts, minlength=len(interactions.items))
