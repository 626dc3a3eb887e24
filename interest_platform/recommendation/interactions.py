"""Who has dealt with which item, how much and when, as sparse matrices."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from interest_platform.errors import ContractError


@dataclass(frozen=True)
class Interactions:
    """Users by items: `users` (n,) and `items` (m,) sorted and distinct, matrices (n, m) of one sparsity pattern.

    A row or a column may be empty: a user or an item that is known by texts or content alone.
    """

    users: np.ndarray
    items: np.ndarray
    counts: csr_array
    """How often the user has dealt with the item, float32, at least 1."""
    ages: csr_array
    """Days from the last of these to the end of the window, float32; stored 0 is an age, not an absence."""

    @classmethod
    def of(
        cls, frame: pl.DataFrame, until: datetime, users: pl.Series | None = None, items: pl.Series | None = None
    ) -> "Interactions":
        """From user_key, item_id and ts (naive UTC); rows without an item are none.

        `users` and `items` are more of them than the frame has. Raises `ContractError` for a row at or after `until`:
        what is recommended at the end of a window must not know what comes after it.
        """
        told = frame.select("user_key", "item_id", "ts").drop_nulls()
        late = told.filter(pl.col("ts") >= until)
        if late.height:
            raise ContractError(
                f"{late.height} interactions are at or after {until:%Y-%m-%d %H:%M}, the end of the window (first: "
                f"{late['ts'].min()!s}): fit on what was known by then"
            )
        names = [
            np.unique(np.concatenate([told[column].to_numpy(), [] if more is None else more.to_numpy()])).astype(object)
            for column, more in (("user_key", users), ("item_id", items))
        ]
        days = (pl.lit(until) - pl.col("ts").max()).dt.total_microseconds() / 86_400_000_000
        cells = told.group_by("user_key", "item_id").agg(n=pl.len(), age=days)
        at = tuple(
            np.searchsorted(name, cells[column].to_numpy())
            for name, column in zip(names, ("user_key", "item_id"), strict=True)
        )
        shape = (len(names[0]), len(names[1]))
        counts, ages = (csr_array((cells[c].to_numpy().astype(np.float32), at), shape=shape) for c in ("n", "age"))
        return cls(names[0], names[1], counts, ages)

    @property
    def binary(self) -> csr_array:
        """1 where there is any, (n, m) float32."""
        return csr_array((np.ones_like(self.counts.data), self.counts.indices, self.counts.indptr), self.counts.shape)
