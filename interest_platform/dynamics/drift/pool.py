"""Users of two windows put together, and how their sides are drawn again under the null of no change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Labels = NDArray[np.bool_]
"""(draws, units): whether the unit counts as one of the reference."""


@dataclass(frozen=True)
class Pool:
    """Units, each a user in one of the two windows, sorted by user, the reference first.

    `user` (units,) numbers the users from 0 in that order; `before` (units,) is true in the reference. A user who is
    in both windows has two units, which stand side by side.
    """

    user: NDArray[np.int64]
    before: NDArray[np.bool_]

    @property
    def n_before(self) -> int:
        """Users in the reference."""
        return int(self.before.sum())

    @property
    def n_after(self) -> int:
        """Users in this window."""
        return len(self.before) - self.n_before

    @property
    def testable(self) -> bool:
        """Whether both windows have a user."""
        return self.n_before > 0 and self.n_after > 0

    def draw(self, rng: np.random.Generator, draws: int) -> Labels:
        """Labels of `draws` exchanges: (draws, units).

        The two units of a returning user change sides together with probability 1/2; users of one window alone are
        dealt anew to the two sides, whose sizes stay. Under the null the windows' users are exchangeable just so.
        """
        first = np.flatnonzero(self.user[1:] == self.user[:-1])
        alone = np.ones(len(self.user), np.bool_)
        alone[first] = alone[first + 1] = False
        labels = np.empty((draws, len(self.user)), np.bool_)
        labels[:, alone] = rng.permuted(np.broadcast_to(self.before[alone], (draws, int(alone.sum()))), axis=1)
        kept = rng.integers(0, 2, (draws, len(first)), np.int8).astype(np.bool_)
        labels[:, first], labels[:, first + 1] = kept, ~kept
        return labels

    def sample(self, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Units of a sample of users, so that about `most` users are left in the larger window; all where they fit."""
        users = int(self.user[-1]) + 1 if len(self.user) else 0
        larger = max(self.n_before, self.n_after)
        if larger <= most:
            return np.arange(len(self.user))
        chosen = np.zeros(users, np.bool_)
        chosen[rng.choice(users, round(users * most / larger), replace=False)] = True
        return np.flatnonzero(chosen[self.user])

    def take(self, units: NDArray[np.int64]) -> "Pool":
        """The pool of these units alone, (kept,) ascending."""
        user = self.user[units]
        return Pool(np.unique(user, return_inverse=True)[1].astype(np.int64), self.before[units])


def pooled(before: pl.DataFrame, after: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of both frames with `before` (whether of the reference) and `unit`, sorted by user, side and `by`.

    Both frames have `user_key`. Rows of one user in one window share a unit; units count from 0.
    """
    sides = [before.with_columns(before=pl.lit(True)), after.with_columns(before=pl.lit(False))]
    order = {"user_key": False, "before": True, **dict.fromkeys(by, False)}
    rows = pl.concat(sides, how="vertical").sort(*order, descending=list(order.values()))
    return rows.with_columns(unit=pl.struct("user_key", "before").rle_id().cast(pl.Int64))


def pool_of(rows: pl.DataFrame) -> Pool:
    """The pool of the units of `pooled` rows."""
    units = rows.unique("unit", keep="first", maintain_order=True)
    return Pool(units["user_key"].rle_id().cast(pl.Int64).to_numpy(), units["before"].to_numpy())
