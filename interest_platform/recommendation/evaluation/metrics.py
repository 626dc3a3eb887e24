"""Precision, recall, F1, hit rate, NDCG, MAP and MRR at k, a value a user.

With the list's items of rank r = 1..k, hit(r) 1 where the item is relevant, H hits, and R relevant items of the user:

- precision H / k, also where the list is shorter; recall H / R; F1 their harmonic mean; hit rate 1 if H > 0.
- NDCG (Järvelin and Kekäläinen 2002, ACM TOIS 20): sum of hit(r) / log2(r + 1), over that of the best list that can
  be, which has min(k, R) hits in front.
- AP (Buckley and Voorhees 2000, SIGIR): sum of hit(r) * precision at r, over R; MAP is its mean over users.
- RR (Voorhees 1999, TREC-8): 1 / rank of the first hit, 0 without one; MRR is its mean over users.

They are those of ranx, and of RecTools with `divide_by_achievable=True` for NDCG.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.hits import check_lists, check_relevant, hits

METRICS = ("precision", "recall", "f1", "hit_rate", "ndcg", "map", "mrr")


def metrics_at_k(ranked: NDArray[np.integer], relevant: csr_array, k: int) -> Mapping[str, NDArray[np.float64]]:
    """Each of `METRICS` for each user, (u,), in 0..1.

    `ranked` (u, at least k or the whole catalogue) are columns of `relevant` (u, m), best first, padded with -1; the
    stored entries of `relevant` are what is relevant, one at least a user. Raises `ContractError`.
    """
    if k < 1:
        raise ContractError(f"metrics at k={k}: k is 1 or more")
    lists = ranked[:, :k]
    check_lists(lists, relevant.shape[1])
    number = check_relevant(relevant, len(ranked)).astype(np.float64)
    hit = hits(lists, relevant)
    # what follows is linear in the hits, and most of the cells are none
    user, rank = np.nonzero(hit)
    found = np.bincount(user, minlength=len(lists)).astype(np.float64)
    nth = np.arange(1, len(user) + 1) - (np.cumsum(found) - found)[user]

    def summed(of_hits: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(user, weights=of_hits, minlength=len(lists)).astype(np.float64, copy=False)

    return {
        "precision": found / k,
        "recall": found / number,
        # 2 P R / (P + R) with P = H / k and R = H / R, without its 0 / 0
        "f1": 2 * found / (k + number),
        "hit_rate": (found > 0).astype(np.float64),
        "ndcg": summed(discounts(k)[rank]) / ideal_dcg(k)[np.minimum(number, k).astype(int)],
        "map": summed(nth / (rank + 1)) / number,
        "mrr": summed((nth == 1) / (rank + 1.0)),
    }


def discounts(k: int) -> NDArray[np.float64]:
    """1 / log2(rank + 1) of the ranks 1..k, (k,)."""
    return 1 / np.log2(np.arange(2, k + 2))


def ideal_dcg(k: int) -> NDArray[np.float64]:
    """The DCG of 0, 1, ... k hits in front, (k + 1,)."""
    return np.concatenate(([0.0], np.cumsum(discounts(k))))
