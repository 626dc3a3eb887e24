"""What is known of users when a window is clustered: their vectors of this window and of the last ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOWS = 12
"""Windows that are pooled, this one included."""

OLDEST = 48
"""Windows that are pooled where they are small."""

LEAST = 1_500
"""Rows that the last windows have at least before older ones are left out."""

MOST = 6_000
"""Rows that are pooled at most, but for this window and the last, which are always whole."""


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
    return _recent(found), place


def _order(vectors: np.ndarray, users: Sequence[str]) -> np.ndarray:
    """Rows by the bytes of their vectors, then by user key."""
    if not len(vectors):
        return np.zeros(0, np.int64)
    plain = np.ascontiguousarray(vectors, np.float32) + np.float32(0)
    content = plain.view(np.dtype((np.void, plain.shape[1] * 4))).ravel()
    by_user = np.argsort(np.asarray(users), kind="stable")
    return by_user[np.argsort(content[by_user], kind="stable")]


def _recent(found: History) -> History:
    """The last `WINDOWS` windows, more where these are small and fewer where they are large."""
    counts = np.bincount(-found.windows)  # by windows ago
    kept, rows = 0, 0
    for ago, count in enumerate(counts):
        if ago >= OLDEST or (ago >= WINDOWS and rows >= LEAST):
            break
        if ago > 1 and rows + count > MOST:
            break
        kept, rows = ago, rows + count
    return found.where(found.since(kept))
