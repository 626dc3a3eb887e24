"""Lists that are not ten times the same: pools of candidates put in another order.

Pools (u, c) are columns of items with their `scores`, padded with -1; what comes out are places in them (u, n), padded
with -1. `trade_off` is the weight of the score, brought to [0, 1] within the pool; 1 is by score alone. Ties go to the
earlier. Blocks of users bound the memory, and change nothing.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from interest_platform.numerics.blocks import over_blocks

FLOOR = 0.01
"""Share of the wanted mix that is mixed into a list's own, so that what the list lacks costs much, not infinitely."""

CELLS = 400_000
"""Numbers of the pools' items in hand for each core: 2 to 3 MB, that they stay in the cache from step to step."""


def mmr(scores: np.ndarray, items: np.ndarray, vectors: np.ndarray, n: int, trade_off: float = 0.7) -> np.ndarray:
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    Each next item has the largest trade_off * score - (1 - trade_off) * (largest cosine to those chosen), `vectors`
    (m, d) being unit. An item without a vector (a row of 0) has cosine 0: it counts as unlike all others. u * c * n * d
    operations.
    """

    def work(block: slice) -> np.ndarray:
        pool = vectors[items[block]]
        gain = trade_off * _unit_range(scores[block], items[block])
        nearest = np.full(gain.shape, -np.inf)

        def less(place: int) -> np.ndarray | float:
            return (1 - trade_off) * nearest if place else 0.0

        def take(users: np.ndarray, best: np.ndarray) -> None:
            np.maximum(nearest, (pool @ pool[users, best, :, None])[:, :, 0], out=nearest)

        return _greedy(gain, n, less, take)

    return _blockwise(items, n, vectors.shape[1], work)


def calibrated(
    scores: np.ndarray, items: np.ndarray, kinds: csr_array, wanted: np.ndarray, n: int, trade_off: float = 0.7
) -> np.ndarray:
    """Calibrated re-ranking (Steck 2018): the list has the mix of kinds that the user's own history has.

    Greedy on trade_off * sum of scores - (1 - trade_off) * KL(wanted || list), `kinds` (m, g) being shares of each item
    in kinds (categories, genres), `wanted` (u, g) the mix in the users' histories; rows sum to 1. The list's mix is the
    mean of its items', mixed with `FLOOR` of the wanted. A user of whom no mix is known (a row of 0) has the list by
    score; an item of no kind (a row of 0) fills a place with none. u * c * n * g operations.
    """

    def work(block: slice) -> np.ndarray:
        gain = trade_off * _unit_range(scores[block], items[block])
        pool = kinds[items[block].ravel()].toarray().reshape(*gain.shape, kinds.shape[1])
        own, mix = wanted[block, None], np.zeros((len(gain), 1, pool.shape[2]))

        def less(place: int) -> np.ndarray:
            smoothed = (1 - FLOOR) * (mix + pool) / (place + 1) + FLOOR * own
            # what is not wanted adds nothing; the wanted mix's own part is the same for every item
            return -(1 - trade_off) * (own * np.log(np.where(own > 0, smoothed, 1))).sum(axis=2)

        def take(users: np.ndarray, best: np.ndarray) -> None:
            mix[:, 0] += pool[users, best]

        return _greedy(gain, n, less, take)

    return _blockwise(items, n, kinds.shape[1], work)


def _blockwise(items: np.ndarray, n: int, width: int, work: Callable[[slice], np.ndarray]) -> np.ndarray:
    """`work` on blocks of users whose pools are `CELLS` numbers, `width` an item."""
    from threadpoolctl import threadpool_limits

    size = max(1, CELLS // max(1, items.shape[1] * width))
    empty = np.full((0, min(n, items.shape[1])), -1, np.int64)
    with threadpool_limits(limits=1, user_api="blas"):
        return np.concatenate([empty, *over_blocks(len(items), work, size)])


def _greedy(
    gain: np.ndarray,
    n: int,
    less: Callable[[int], np.ndarray | float],
    take: Callable[[np.ndarray, np.ndarray], None],
) -> np.ndarray:
    """Places (b, at most n): each next has the largest gain (b, c) `less` its cost beside those that were taken."""
    users = np.arange(len(gain))
    chosen = np.full((len(gain), min(n, gain.shape[1])), -1, np.int64)
    for place in range(chosen.shape[1]):
        worth = gain - less(place)
        best = worth.argmax(axis=1)
        left = worth[users, best] > -np.inf
        chosen[left, place] = best[left]
        gain[users, best] = -np.inf
        take(users, best)
    return chosen


def _unit_range(scores: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Scores brought to [0, 1] in each pool (b, c) float64, all equal: 1; -inf where there is no item."""
    there = items >= 0
    if not scores.size:
        return np.zeros(scores.shape)
    low = np.where(there, scores, np.inf).min(axis=1, keepdims=True)
    spread = np.where(there, scores, -np.inf).max(axis=1, keepdims=True) - np.where(np.isfinite(low), low, 0)
    shifted = np.where(there, scores, 0).astype(float) - np.where(np.isfinite(low), low, 0)
    found = np.divide(shifted, spread, out=np.ones(scores.shape), where=np.isfinite(spread) & (spread > 0))
    return np.where(there, found, -np.inf)
