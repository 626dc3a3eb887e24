"""What users are offered, in memory."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from interest_platform.service.columns import Coded, UserRows


class Offer(NamedTuple):
    """An item of a list; `rank` 1 is the first."""

    rank: int
    item_id: str
    score: float
    reason: str


@dataclass(frozen=True)
class Lists:
    """The lists of all users: about 20 bytes an offer and 72 a user, and each distinct item and reason once."""

    users: UserRows
    ranks: np.ndarray
    items: Coded
    scores: np.ndarray
    reasons: Coded

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Lists":
        """Of user_key, rank, item_id, score, reason, sorted by user and rank."""
        return cls(
            UserRows.of(rows["user_key"]),
            rows["rank"].to_numpy(),
            Coded.of(rows["item_id"]),
            rows["score"].to_numpy(),
            Coded.of(rows["reason"]),
        )

    def of_user(self, user_key: str) -> list[Offer]:
        """The user's list, best first; empty for one who has none."""
        rows = self.users.of_user(user_key)
        found = zip(
            self.ranks[rows].tolist(),
            self.items.at(rows),
            self.scores[rows].tolist(),
            self.reasons.at(rows),
            strict=True,
        )
        return [Offer(*row) for row in found]

    @property
    def longest(self) -> int:
        """The largest rank; 0 without lists."""
        return int(self.ranks.max()) if len(self.ranks) else 0

    @property
    def nbytes(self) -> int:
        """Memory, without what Python adds to each distinct text."""
        columns = (self.users, self.items, self.reasons, self.ranks, self.scores)
        return sum(column.nbytes for column in columns)


def weighed_lists(rows: pl.DataFrame, told: str) -> tuple[Offer, ...]:
    """The list of many users' lists, from rank, item_id, users, weight: the weight is the score.

    `told` says whose they are (`the segment's`).
    """
    return tuple(
        Offer(rank, item, weight, f"in {users} of {told} lists")
        for rank, item, users, weight in rows.select("rank", "item_id", "users", "weight").iter_rows()
    )
