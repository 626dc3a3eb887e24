"""Which of the recommended items are relevant: what every measure of a list starts from."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.errors import ContractError

PADDING = -1
"""Stands behind the last item of a list that is shorter than the others."""


def check_lists(ranked: NDArray[np.integer], n_items: int) -> None:
    """Raise `ContractError` unless the lists (u, k) hold columns below `n_items`, each once, and padding at the end."""
    if ranked.ndim != 2:
        raise ContractError(f"ranked items have the shape {ranked.shape}: (users, k) is allowed")
    if not ranked.size:
        return
    if ranked.max() >= n_items or ranked.min() < PADDING:
        raise ContractError(
            f"ranked items are from {ranked.min()} to {ranked.max()}: columns from 0 to {n_items - 1} and "
            f"{PADDING} for padding are allowed"
        )
    ordered = np.sort(ranked, axis=1)
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != PADDING)).any(axis=1)
    if twice.any():
        raise ContractError(f"the list of row {twice.argmax()} holds an item twice: {ranked[twice.argmax()].tolist()}")
    gaps = (ranked[:, :-1] == PADDING) & (ranked[:, 1:] != PADDING)
    if gaps.any():
        row = gaps.any(axis=1).argmax()
        raise ContractError(f"the list of row {row} goes on after padding: {ranked[row].tolist()}")


def check_relevant(relevant: csr_array, users: int) -> NDArray[np.int64]:
    """How many items are relevant to each user (u,), where each has one at least; else raise `ContractError`.

    A user to whom nothing is relevant can't be judged: counting 0 would make every strategy look worse, 1 better.
    """
    if relevant.shape[0] != users:
        raise ContractError(f"{users} lists and {relevant.shape[0]} rows of relevant items: one row a list is needed")
    number = np.diff(relevant.indptr).astype(np.int64)
    if (number == 0).any():
        raise ContractError(
            f"{(number == 0).sum()} of {users} users have no relevant item (first: row {(number == 0).argmax()}): "
            "leave them out"
        )
    return number


def hits(ranked: NDArray[np.integer], relevant: csr_array) -> NDArray[np.bool_]:
    """Whether each item of the lists (u, k) is relevant to the user, (u, k).

    `relevant` (u, m) says it by its stored entries, whatever their value. O(u k log nnz).
    """
    users, items = relevant.shape
    if not relevant.nnz:
        return np.zeros(ranked.shape, dtype=bool)
    if not relevant.has_sorted_indices:
        relevant = relevant.sorted_indices()
    cells = np.repeat(np.arange(users, dtype=np.int64), np.diff(relevant.indptr)) * items + relevant.indices
    asked = np.arange(users, dtype=np.int64)[:, None] * items + ranked
    # within a row of `asked` the searches are close together, so that the cells they touch stay in the cache
    at = np.minimum(np.searchsorted(cells, asked.ravel()), len(cells) - 1).reshape(asked.shape)
    return (cells[at] == asked) & (ranked != PADDING)
