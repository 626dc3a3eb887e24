"""Recall and NDCG as they would be if popular items were not noticed more often than others.

What users dealt with is missing not at random: a popular item is more likely to be seen at all. Each relevant item
counts 1 / propensity, with propensity ~ popularity^power, and each user's weights are self-normalised (Yang et al.
2018, RecSys: unbiased offline evaluation for implicit feedback, their SNIPS estimator; Swaminathan and Joachims 2015,
NIPS). The constant of the propensity cancels out. With power 0 they are the plain recall and NDCG.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.hits import check_lists, check_relevant, hits
from interest_platform.recommendation.evaluation.metrics import discounts

POWER = 0.5
"""Between no correction, 0, and 1, which lets an item that one user has weigh as much as all others together."""


def debiased_at_k(
    ranked: NDArray[np.integer], relevant: csr_array, users_of: NDArray[np.integer], k: int, power: float = POWER
) -> Mapping[str, NDArray[np.float64]]:
    """`debiased_recall` and `debiased_ndcg` of each user, (u,), in 0..1.

    `users_of` (m,): how many users had dealt with the item by the end of the window; an item that nobody had counts
    as one that one had. The best list that can be has the largest weights in front. Raises `ContractError`.
    """
    if power < 0 or k < 1:
        raise ContractError(f"power {power}, k {k}: a power of 0 or more and a k of 1 or more are allowed")
    lists = ranked[:, :k]
    check_lists(lists, relevant.shape[1])
    number = check_relevant(relevant, len(lists))
    weight = np.maximum(users_of, 1).astype(np.float64) ** -power
    gained = np.where(hits(lists, relevant), weight[lists], 0.0)
    user = np.repeat(np.arange(len(lists)), number)
    of_relevant = weight[relevant.indices]
    order = np.lexsort((-of_relevant, user))
    rank = np.arange(len(user)) - (np.cumsum(number) - number)[user]
    inside = rank < k
    ideal = np.bincount(
        user[inside], weights=of_relevant[order][inside] * discounts(k)[rank[inside]], minlength=len(lists)
    )
    whole = np.bincount(user, weights=of_relevant, minlength=len(lists))
    return {
        "debiased_recall": gained.sum(axis=1) / whole,
        "debiased_ndcg": gained @ discounts(k)[: lists.shape[1]] / ideal,
    }
