"""Which segments users were in, in memory."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from interest_platform.service.columns import Coded, UserRows


class Stay(NamedTuple):
    """A user's segment in a window (its key); `kind` says how they came there (docs/marts.md)."""

    window: str
    segment_id: str
    name: str
    membership: float
    kind: str


@dataclass(frozen=True)
class Stays:
    """The newest windows of all users: about 14 bytes a window of a user and 72 a user."""

    users: UserRows
    windows: Coded
    segments: Coded
    names: Coded
    memberships: np.ndarray
    kinds: Coded

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Stays":
        """Of user_key, window_start, segment_id, name, membership, kind, by user, newest first."""
        return cls(
            UserRows.of(rows["user_key"]),
            Coded.of(rows["window_start"].dt.strftime("%Y-%m-%d")),
            Coded.of(rows["segment_id"]),
            Coded.of(rows["name"]),
            rows["membership"].to_numpy(),
            Coded.of(rows["kind"]),
        )

    def of_user(self, user_key: str) -> list[Stay]:
        """The user's segments, newest first; empty for one who was in none."""
        rows = self.users.of_user(user_key)
        found = zip(
            self.windows.at(rows),
            self.segments.at(rows),
            self.names.at(rows),
            self.memberships[rows].tolist(),
            self.kinds.at(rows),
            strict=True,
        )
        return [Stay(*row) for row in found]

    @property
    def nbytes(self) -> int:
        """Memory, without what Python adds to each distinct text."""
        columns = (self.users, self.windows, self.segments, self.names, self.memberships, self.kinds)
        return sum(column.nbytes for column in columns)
