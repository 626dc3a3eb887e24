"""What is known of users when a window is clustered: their vectors of this window and of the last ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.canonical import canonical_order

WINDOWS = 12
"""Windows that are pooled, this one included."""

OLDEST = 48
"""Windows that are pooled where they are small."""

LEAST = 1_500
"""Rows that the last windows have at least before older ones are left out."""

MOST = 6_000
"""Rows of earlier windows that are pooled at most, but for those of the last one; and rows that the number of segments
is measured on."""


@dataclass(frozen=True)
class History:
    """The users of the last windows, in an order that depends on their vectors and on nothing else.

    `vectors` (n, d) float32, unit; `users` (n,) int, equal where the user is; `windows` (n,) int, how many windows ago
    as a number that is 0 or less (0: this window); `halves` (n, d) float32: the part of the vector that comes from
    every second of the user's texts, so that `vectors - halves` comes from the others, zeros where there is one text.
    """

    vectors: np.ndarray
    users: np.ndarray
    windows: np.ndarray
    halves: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    def where(self, chosen: np.ndarray) -> "History":
        """Some of the rows, (n,) bool."""
        return History(self.vectors[chosen], self.users[chosen], self.windows[chosen], self.halves[chosen])

    def sample(self, most: int) -> "History":
        """The rows of as many users as have so many rows together at most, by a fixed seed; all where they fit."""
        if len(self) <= most:
            return self
        _, number, count = np.unique(self.users, return_inverse=True, return_counts=True)
        order = np.random.default_rng(0).permutation(len(count))
        chosen = np.zeros(len(count), bool)
        chosen[order[np.cumsum(count[order]) <= most]] = True
        return self.where(chosen[number])

    @property
    def now(self) -> np.ndarray:
        """Which rows are of this window, (n,) bool."""
        return self.windows == 0

    def since(self, ago: int) -> np.ndarray:
        """Which rows are at most `ago` windows old, (n,) bool."""
        return self.windows >= -ago


def history(
    vectors: Sequence[np.ndarray], users: Sequence[Sequence[str]], halves: Sequence[np.ndarray]
) -> tuple[History, np.ndarray]:
    """The history of windows from the oldest to this one, and where each row of this window stands in it.

    Each window has (n, d) vectors, n user keys and (n, d) halves (nan or zero where there is none). Rows are ordered
    by window, then by the vectors' values, then by user key, so that the order in which rows come changes nothing.
    """
    keys: list[str] = []
    parts, ago, other, place = [], [], [], np.zeros(0, np.int64)
    last = len(vectors) - 1
    for number, (each, names, half) in enumerate(zip(vectors, users, halves, strict=True)):
        order = _order(each, names)
        parts.append(np.asarray(each, np.float32)[order])
        other.append(np.nan_to_num(np.asarray(half, np.float32)[order]))
        keys.extend(names[row] for row in order)
        ago.append(np.full(len(order), number - last))
        if number == last:
            place = np.empty(len(order), np.int64)
            place[order] = np.arange(len(order))
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    found = History(
        np.concatenate(parts),
        np.array([numbers[key] for key in keys], np.int64),
        np.concatenate(ago),
        np.concatenate(other),
    )
    return found, place


def _order(vectors: np.ndarray, users: Sequence[str]) -> np.ndarray:
    """Rows by the content of their vectors, then by user key."""
    return np.lexsort((np.asarray(users), canonical_order(np.asarray(vectors, np.float32))[1]))


def pooled(rows: Sequence[int]) -> int:
    """How many of the windows before this one are pooled with it; `rows` (w,) are the rows of each, newest first.

    `WINDOWS` in all, up to `OLDEST` while they have fewer than `LEAST` rows, and none with which there would be more
    than `MOST`; the newest counts for itself alone, since most of what is known of a user is there.
    """
    total = 0
    for number, count in enumerate(rows):
        if number + 1 >= OLDEST or (number + 1 >= WINDOWS and total >= LEAST) or (number and total + count > MOST):
            return number
        total += count
    return len(rows)
