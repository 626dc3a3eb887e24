"""What lists are beside right: novel, surprising and diverse, a value a user.

`ranked` (u, k) are columns of the context's items, padded with -1; a list without items has the value 0.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.recommendation.evaluation.hits import PADDING, hits


def mean_of_lists(values: NDArray[np.floating], ranked: NDArray[np.integer]) -> NDArray[np.float64]:
    """The mean of the listed items' `values` (m,), for each list (u,)."""
    listed = ranked != PADDING
    return np.where(listed, values[ranked], 0.0).sum(axis=1) / np.maximum(listed.sum(axis=1), 1)


def novelty(ranked: NDArray[np.integer], users_of: NDArray[np.integer], n_users: int) -> NDArray[np.float64]:
    """Mean self-information -log2(users of the item / users), in bits (Zhou et al. 2010, PNAS 107).

    `users_of` (m,): how many of `n_users` have dealt with the item. An item that nobody has counts as one that one has:
    its information would be infinite.
    """
    return mean_of_lists(-np.log2(np.maximum(users_of, 1) / max(n_users, 1)), ranked)


def serendipity(ranked: NDArray[np.integer], relevant: csr_array, users_of: NDArray[np.integer]) -> NDArray[np.float64]:
    """Relevant and not what popularity would have shown: sum of max(0, P_user - P_any) over hits, over the width k.

    P_user = (m + 1 - rank in the list) / m, P_any = (m + 1 - rank of the item's popularity) / m, items of equal
    popularity sharing a rank, 0 for an item that nobody has. The usual operational form of Ge et al. 2010 (RecSys:
    useful and unexpected, against a primitive recommender); that of RecTools.
    """
    m, width = len(users_of), ranked.shape[1]
    distinct = np.unique(users_of)
    place = len(distinct) - np.searchsorted(distinct, users_of)
    anyone = np.where(users_of > 0, (m + 1 - place) / max(m, 1), 0.0)
    own = (m + 1 - np.arange(1, width + 1)) / max(m, 1)
    surprise = np.where(hits(ranked, relevant), np.maximum(own - anyone[ranked], 0.0), 0.0)
    return surprise.sum(axis=1) / max(width, 1)


def diversity(ranked: NDArray[np.integer], item_vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intra-list diversity: mean of 1 - cosine over the list's pairs (Ziegler et al. 2005, WWW).

    `item_vectors` (m, d) are of unit length; items whose vector is 0 (none is known) are in no pair. 0 without a pair.
    """
    known = (ranked != PADDING) & np.asarray(item_vectors.any(axis=1))[ranked]
    listed = np.where(known[:, :, None], item_vectors[ranked], 0.0).astype(np.float64)
    n = known.sum(axis=1)
    # |sum of unit vectors|² = n + 2 * sum of the pairs' cosines
    squared = (listed.sum(axis=1) ** 2).sum(axis=1)
    pairs = n * (n - 1) / 2
    return np.where(n > 1, 1 - (squared - n) / 2 / np.maximum(pairs, 1), 0.0)
