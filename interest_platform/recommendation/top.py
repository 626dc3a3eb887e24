"""The best N items of each user, of scores that are never all in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from interest_platform.errors import StrategyError
from interest_platform.numerics.blocks import over_blocks
from interest_platform.recommendation.strategy import Fitted

CELLS = 10_000_000
"""Scores in memory at a time for each core: 40 MB, and some of the same size beside them."""

SPREAD = 16
"""Columns in a group that its largest score stands for: more make the bound faster to find, and looser."""


@dataclass(frozen=True)
class Top:
    """Lists of users: `items` (r, n) int32 columns, the best first, and their `scores` (r, n) float32.

    Where fewer than n may be shown, what is left has item -1 and score -inf.
    """

    items: np.ndarray
    scores: np.ndarray


def top(
    fitted: Fitted,
    rows: np.ndarray,
    n: int,
    hidden: Sequence[csr_array] = (),
    hidden_items: np.ndarray | None = None,
) -> Top:
    """The n best of each user in `rows` (r,) by score, ties by the item's id; -inf is not shown.

    `hidden` are matrices (users, m) over all users of the context, not (r, m), of what each must not be shown: the
    interactions (seen), the blocked. `hidden_items` (m,) bool is shown to none: out of stock. Memory is bounded by
    blocks of users, which cores work on side by side; how many cores there are changes no list. Raises `StrategyError`
    for n below 1.
    """
    if n < 1:
        raise StrategyError(f"a list of {n} items was asked for: n must be at least 1")
    from threadpoolctl import threadpool_limits

    rows = np.asarray(rows)

    def work(block: slice) -> tuple[np.ndarray, np.ndarray]:
        return best_of(_masked(fitted, rows[block], hidden, hidden_items), n)

    size = max(1, CELLS // max(1, fitted.scores(rows[:1]).shape[1])) if len(rows) else 1
    empty = np.full((0, n), -1, np.int32), np.full((0, n), -np.inf, np.float32)
    with threadpool_limits(limits=1, user_api="blas"):
        items, scores = zip(empty, *over_blocks(len(rows), work, size), strict=True)
    return Top(np.concatenate(items), np.concatenate(scores))


def _masked(
    fitted: Fitted, rows: np.ndarray, hidden: Sequence[csr_array], hidden_items: np.ndarray | None
) -> np.ndarray:
    """Scores (b, m) with -inf where nothing may be shown."""
    scores = np.array(fitted.scores(rows), np.float32)  # a copy: a strategy may give what it keeps
    for matrix in hidden:
        mask = csr_array(matrix[rows])
        user = np.repeat(np.arange(len(scores)), np.diff(mask.indptr))
        scores[user[mask.data != 0], mask.indices[mask.data != 0]] = -np.inf
    if hidden_items is not None:
        scores[:, hidden_items] = -np.inf
    return scores


def best_of(scores: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns (b, n) int32 of the n largest of (b, m) and their values, ties by column; -1 and -inf fill what is left.

    The n-th largest of the maxima of groups of columns is at most the n-th largest of all, so that only what reaches
    it, a few times n of a row, is put in order.
    """
    b = len(scores)
    items, best = np.full((b, n), -1, np.int32), np.full((b, n), -np.inf, np.float32)
    user, item = np.nonzero((scores >= _bound(scores, n)) & (scores > -np.inf))
    order = np.lexsort((-scores[user, item], user))  # stable: equal scores stay in the order of columns
    user, item = user[order], item[order]
    place = np.arange(len(user)) - np.searchsorted(user, user)
    kept = place < n
    items[user[kept], place[kept]] = item[kept]
    best[user[kept], place[kept]] = scores[user[kept], item[kept]]
    return items, best


def _bound(scores: np.ndarray, n: int) -> np.ndarray:
    """At most the n-th largest of each row, (b, 1)."""
    b, m = scores.shape
    groups = m // SPREAD
    if groups < 2 * n:
        return np.full((b, 1), -np.inf, np.float32)
    maxima = scores[:, : groups * SPREAD].reshape(b, SPREAD, groups).max(axis=1)
    return np.partition(maxima, groups - n, axis=1)[:, groups - n, None]
