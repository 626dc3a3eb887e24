"""What collaborative strategies know nothing of is not shown: users and items without interactions."""

import numpy as np

from interest_platform.recommendation.interactions import Interactions


def users_known(interactions: Interactions) -> np.ndarray:
    """Users with interactions, (n,) bool."""
    return np.diff(interactions.counts.indptr) > 0


def items_known(interactions: Interactions) -> np.ndarray:
    """Items with interactions, (m,) bool."""
    return users_of(interactions) > 0


def users_of(interactions: Interactions) -> np.ndarray:
    """Distinct users of each item, (m,)."""
    return np.bincount(interactions.counts.indices, minlength=len(interactions.items))


def own_items(interactions: Interactions, row: int) -> np.ndarray:
    """Columns of the user's own items, ascending."""
    counts = interactions.counts
    return counts.indices[counts.indptr[row] : counts.indptr[row + 1]]


def only_known(scores: np.ndarray, interactions: Interactions, rows: np.ndarray) -> np.ndarray:
    """The scores (b, m) of the users in `rows` with -inf where the user or the item is unknown; in place."""
    scores[~users_known(interactions)[rows]] = -np.inf
    scores[:, ~items_known(interactions)] = -np.inf
    return scores
