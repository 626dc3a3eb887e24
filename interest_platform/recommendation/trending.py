"""What more users choose of late than did before: for who has had, or passed over, what was popular already."""

from dataclasses import dataclass

import numpy as np

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.decayed_popular import decayed_users
from interest_platform.recommendation.known import users_of
from interest_platform.recommendation.popular import SameForAll


@dataclass(frozen=True)
class Trending:
    """log((o_i + prior t) / (n_i + prior)): the share of the item's users that is recent, shrunk to that of all.

    o_i counts an item's n_i users with 2^(-age / half-life), and t is its sum over that of n. It is observed over
    expected with a gamma prior (DuMouchel 1999, "Bayesian data mining in large frequency tables"): an item needs about
    `prior` users before it may trend. The half-life is `windows` times the context's `recent_days`.

    A user who comes back has had the chance to deal with what was popular at the last visit; what rose since is new.
    """

    windows: float = 2.0
    prior: float = 5.0

    name = "trending"

    def fit(self, context: Context) -> SameForAll:
        """Count, and compare."""
        days = self.windows * context.recent_days
        users, lately = users_of(context.interactions), decayed_users(context.interactions, days)
        typical = lately.sum() / max(users.sum(), 1)
        ratio = (lately + self.prior * typical) / (users + self.prior)
        scores = np.log(ratio, out=np.full(len(users), -np.inf), where=(users > 0) & (ratio > 0))
        rising = ratio > typical
        return SameForAll(
            scores.astype(np.float32),
            lambda item: reasons.TRENDING if rising[item] else reasons.popular(int(users[item])),
        )
