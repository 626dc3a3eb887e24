"""Who went where between two windows, where a user is in several clusters of either."""

from dataclasses import dataclass

import numpy as np
import polars as pl

ROUNDS = 20
"""Rounds of learning where users go from all of them, and of fitting each user to it."""

LEAST = 1e-12
"""Least link between two clusters, so that every table can be scaled."""

FITTINGS = 5
"""Scalings of each user's table to the weights of both windows, in a round."""


def coupled(pairs: pl.DataFrame) -> pl.DataFrame:
    """The flow of each pair of clusters, summed over users: row, column, users; sorted by row and column.

    `pairs` has a row for each pair of clusters of a user of both windows: user_key, row and column (of the clusters
    before and after), weight and weight_after (the user's share in each; at most 1 a user: less where an interest is in
    no cluster). A user with one cluster
    on either side leaves no choice: the flow is the product of the weights. Of a user in several on both sides the
    weights do not tell which became which, and their product would send half of everyone who stayed in two segments
    elsewhere. So the users' tables are fitted together, by expectation and maximisation: in each, cells are in
    proportion to how strongly the two clusters are linked over all users, flow / (out x in), scaled to the user's own
    sums by row and by column (iterative proportional fitting, Deming and Stephan 1940). The flow out of a cluster stays
    its weight of returning users. Deterministic: rows in any order give the same bits. O(rounds x pairs).
    """
    pairs = pairs.sort("row", "column", "weight", "weight_after")
    rows, columns = pairs["row"].to_numpy(), pairs["column"].to_numpy()
    before, after = pairs["weight"].to_numpy(), pairs["weight_after"].to_numpy()
    users = before * after
    counts = pairs.select(
        pl.col("row").n_unique().over("user_key").alias("out"), pl.col("column").n_unique().over("user_key").alias("in")
    )
    free = ((counts["out"] > 1) & (counts["in"] > 1)).to_numpy()
    if free.any():
        users[free] = _fitted(rows, columns, users, free, _tables(pairs.filter(pl.Series(free))))
    told = pairs.select("row", "column").with_columns(pl.Series("users", users))
    return told.group_by("row", "column", maintain_order=True).agg(pl.col("users").sort().sum())


def _fitted(
    rows: np.ndarray, columns: np.ndarray, users: np.ndarray, free: np.ndarray, tables: "_Tables"
) -> np.ndarray:
    """The flows in the cells of the users who are free, (cells,)."""
    flows = users.copy()
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    cell = rows * shape[1] + columns
    for _ in range(ROUNDS):
        order = np.lexsort((flows, cell))  # one order of each sum, whatever the order of users
        total = np.bincount(cell[order], flows[order], shape[0] * shape[1]).reshape(shape)
        links = total / np.maximum(total.sum(axis=1, keepdims=True) * total.sum(axis=0), LEAST)
        flows[free] = tables.fit(np.maximum(links.ravel()[cell[free]], LEAST))
    return flows[free]


@dataclass(frozen=True)
class _Tables:
    """The cells of users' tables, (cells,): which row and column of which user each is in, and these ones' weights."""

    row: np.ndarray
    column: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def fit(self, cells: np.ndarray) -> np.ndarray:
        """The cells scaled to the weights, (cells,); the rows' are met exactly."""
        for _ in range(FITTINGS):
            cells = cells * self.after / np.bincount(self.column, cells)[self.column]
            cells = cells * self.before / np.bincount(self.row, cells)[self.row]
        return cells


def _tables(pairs: pl.DataFrame) -> _Tables:
    row, column = (
        pairs.select(pl.struct("user_key", side).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
        for side in ("row", "column")
    )
    users = pairs["weight"].to_numpy() * pairs["weight_after"].to_numpy()
    return _Tables(row, column, np.bincount(row, users)[row], np.bincount(column, users)[column])
