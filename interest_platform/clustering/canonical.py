"""Distinct vectors in an order that depends on nothing but their content, without a copy of them all."""

import numpy as np

from interest_platform.clustering.blocks import over_blocks

COLUMNS = 32
"""Columns moved at once where vectors change places within their own array."""


def canonical_order(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First occurrence of every distinct row in the order of the rows' bytes, (m,), and each row's number there, (n,).

    Rows are told apart by a 64-bit hash, which is then held against the bytes, and sorted by their first eight bytes;
    only where those are equal all bytes are compared. -0 counts as 0. O(n d + n log n), some n integers of memory.
    """
    _, first, which = np.unique(_hashes(vectors), return_index=True, return_inverse=True)
    if len(first) < len(vectors) and not all(
        over_blocks(len(vectors), lambda at: _same(vectors, at, first[which[at]]))
    ):
        _, first, which = np.unique(_content(vectors), return_index=True, return_inverse=True)
    order = _sorted(vectors, first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return first[order], place[which.ravel()]


def moved(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The named rows of the vectors, as a view of the vectors' own memory, which is overwritten, -0 by 0."""
    for start in range(0, vectors.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        vectors[: len(rows), part] = vectors[rows, part] + np.float32(0)
    return vectors[: len(rows)]


def _words(vectors: np.ndarray) -> np.ndarray:
    """Rows as unsigned integers of 64 bits, (b, ceil(d / 2)); equal values have equal bits."""
    plain = vectors + np.float32(0)
    if plain.shape[1] % 2:
        plain = np.pad(plain, ((0, 0), (0, 1)))
    return np.ascontiguousarray(plain).view(np.uint64)


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """A hash of each row's values, (n,): words times fixed odd numbers, summed (mod 2^64)."""
    factors = np.random.default_rng(0).integers(0, 2**63, -(-vectors.shape[1] // 2), np.uint64) * np.uint64(
        2
    ) + np.uint64(1)

    def hashed(at: slice) -> np.ndarray:
        words = _words(vectors[at])
        # a word's upper half alone would only reach the hash's upper bits
        return ((words ^ (words >> np.uint64(32))) * factors).sum(axis=1, dtype=np.uint64)

    return np.concatenate(list(over_blocks(len(vectors), hashed)))


def _same(vectors: np.ndarray, at: slice, first: np.ndarray) -> bool:
    """Whether the rows of a block equal those that stand for them."""
    other = np.flatnonzero(first != np.arange(at.start, at.stop))
    return np.array_equal(vectors[at][other], vectors[first[other]])


def _sorted(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The order of distinct rows, named by their numbers, by their bytes."""
    lead = _content(vectors[rows, :2]).view(">u8" if vectors.shape[1] > 1 else ">u4").ravel()
    order = np.argsort(lead, kind="stable")
    equal = lead[order][1:] == lead[order][:-1]
    tied = np.concatenate([[False], equal]) | np.concatenate([equal, [False]])
    # the tied lie side by side, so that sorting all of them by content keeps each group in its place
    among = order[tied]
    order[tied] = among[np.argsort(_content(vectors[rows[among]]), kind="stable")]
    return order


def _content(vectors: np.ndarray) -> np.ndarray:
    """Rows as one value each, (n,), that compares as their bytes do."""
    plain = np.ascontiguousarray(vectors + np.float32(0))
    return plain.view(np.dtype((np.void, plain.shape[1] * plain.itemsize))).ravel()
