"""The lists that are judged: the best k of all items for each user, those the user has dealt with left out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.errors import ContractError
from interest_platform.recommendation.evaluation.hits import PADDING
from interest_platform.recommendation.strategy import Fitted

_CELLS = 8_000_000


def full_ranking(fitted: Fitted, rows: NDArray[np.integer], seen: csr_array, k: int) -> NDArray[np.int64]:
    """Columns of the k best items (rows, k), best first, equals by column; padded with -1 where fewer can be shown.

    No sampled negatives (Krichene and Rendle 2020, KDD: sampled measures rank models wrongly). The stored entries of
    `seen` (n, m) are left out. Memory: a block of scores. Raises `ContractError` for NaN scores or a wrong shape.
    """
    m = seen.shape[1]
    lists = np.full((len(rows), k), PADDING, dtype=np.int64)
    for start, block in _blocks(rows, max(1, _CELLS // max(m, 1))):
        scores = np.array(fitted.scores(block), dtype=np.float32)
        if scores.shape != (len(block), m) or np.isnan(scores).any():
            raise ContractError(
                f"scores of the shape {scores.shape} with {np.isnan(scores).sum()} NaN: ({len(block)}, {m}) without "
                "NaN is allowed, -inf for what is not to be shown"
            )
        had = seen[block]
        scores[np.repeat(np.arange(len(block)), np.diff(had.indptr)), had.indices] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        shown = np.take_along_axis(scores, best, axis=1) > -np.inf
        lists[start : start + len(block), : best.shape[1]] = np.where(shown, best, PADDING)
    return lists


def _blocks(rows: NDArray[np.integer], size: int) -> Iterator[tuple[int, NDArray[np.integer]]]:
    for start in range(0, len(rows), size):
        yield start, rows[start : start + size]
