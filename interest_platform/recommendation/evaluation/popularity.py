"""How much of the catalogue lists show, and how much they crowd on few and on popular items."""

import numpy as np
from numpy.typing import NDArray

from interest_platform.recommendation.evaluation.beyond import mean_of_lists
from interest_platform.recommendation.evaluation.hits import PADDING


def exposure(ranked: NDArray[np.integer], n_items: int) -> NDArray[np.int64]:
    """In how many lists each item is, (m,)."""
    return np.bincount(ranked[ranked != PADDING].ravel(), minlength=n_items)


def coverage(shown: NDArray[np.integer]) -> float:
    """Share of the catalogue that is in any list (Herlocker et al. 2004, ACM TOIS 22); `shown` from `exposure`."""
    return float((shown > 0).mean()) if len(shown) else 0.0


def gini(shown: NDArray[np.integer]) -> float:
    """Inequality of the items' exposure: 0 all equal, (m - 1) / m all of it on one item.

    sum of (2 i - m - 1) x_i over m * sum of x_i, x ascending (Adomavicius and Kwon 2012, IEEE TKDE 24, have 1 - Gini).
    """
    m, total = len(shown), shown.sum()
    if not total:
        return 0.0
    return float(((2 * np.arange(1, m + 1) - m - 1) * np.sort(shown)).sum() / (m * total))


def list_popularity(ranked: NDArray[np.integer], users_of: NDArray[np.integer], n_users: int) -> NDArray[np.float64]:
    """Mean share of users who have dealt with the listed items, (u,): the average recommendation popularity.

    Yin et al. 2012 (PVLDB 5); by share, so that windows of different size compare.
    """
    return mean_of_lists(users_of / max(n_users, 1), ranked)
