"""Distinct vectors in an order that depends on nothing but their content, without a copy of them all."""

import numpy as np

from interest_platform.numerics.blocks import over_blocks, taken

PARTS = 16
"""Parts of the columns, moved one after the other where vectors change places within their own array: two parts are
held beside it."""


def canonical_order(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First occurrence of every distinct row in the order of the rows' bytes, (m,), and each row's number there, (n,).

    Rows are sorted by their first eight bytes, and only those that tie are looked at further: told apart by a hash that
    is held against the bytes, then sorted by all of them. -0 counts as 0. O(n log n), and some n integers of memory,
    where few rows begin alike.
    """
    lead = _content(vectors[:, :2]).view(">u8" if vectors.shape[1] > 1 else ">u4").ravel()
    order = np.argsort(lead, kind="stable")
    equal = lead[order][1:] == lead[order][:-1]
    tied = np.concatenate([[False], equal]) | np.concatenate([equal, [False]])
    stands = np.arange(len(vectors))
    stands[order[tied]] = _first_equal(vectors, order[tied])
    kept = stands[order] == order
    first, among = order[kept], tied[kept]
    # the tied lie side by side, so that sorting all of them by content keeps each group in its place
    first[among] = first[among][np.argsort(_content(vectors[first[among]]), kind="stable")]
    place = np.empty(len(vectors), np.int64)
    place[first] = np.arange(len(first))
    return first, place[stands]


def moved(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The named rows of the vectors, as a view of the vectors' own memory, which is overwritten, -0 by 0."""
    width = -(-vectors.shape[1] // PARTS)
    # held for all parts: new memory for each would cost more than the move
    source, found = (np.empty((size, width), vectors.dtype) for size in (len(vectors), len(rows)))
    for start in range(0, vectors.shape[1], width):
        part = vectors[:, start : start + width]
        if part.shape[1] < width:
            source, found = (np.empty((len(kept), part.shape[1]), vectors.dtype) for kept in (source, found))
        np.copyto(source, part)
        np.take(source, rows, axis=0, out=found, mode="clip")
        np.add(found, np.float32(0), out=part[: len(rows)])
    return vectors[: len(rows)]


def _first_equal(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of each of the rows, named by number, the first of them that it equals."""
    if not len(rows):
        return rows
    hashes = np.concatenate(list(over_blocks(len(rows), lambda at: _hashes(taken(vectors, rows[at])))))
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    found = rows[first[which]]
    if not all(over_blocks(len(rows), lambda at: np.array_equal(vectors[rows[at]], vectors[found[at]]))):
        _, first, which = np.unique(_content(vectors[rows]), return_index=True, return_inverse=True)
        found = rows[first[which]]
    return found


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """A hash of each row's values, (n,): words of 64 bits times fixed odd numbers, summed (mod 2^64)."""
    plain = vectors + np.float32(0)
    if plain.shape[1] % 2:
        plain = np.pad(plain, ((0, 0), (0, 1)))
    words = np.ascontiguousarray(plain).view(np.uint64)
    factors = np.random.default_rng(0).integers(0, 2**63, words.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    # a word's upper half alone would only reach the hash's upper bits
    return ((words ^ (words >> np.uint64(32))) * factors).sum(axis=1, dtype=np.uint64)


def _content(vectors: np.ndarray) -> np.ndarray:
    """Rows as one value each, (n,), that compares as their bytes do."""
    plain = np.ascontiguousarray(vectors + np.float32(0))
    return plain.view(np.dtype((np.void, plain.shape[1] * plain.itemsize))).ravel()
