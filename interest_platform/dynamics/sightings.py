"""Clusters of a window as the tracker sees them, made from the lake's frames."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.domain.unassigned import NO_CLUSTER
from interest_platform.dynamics.coupling import coupled
from interest_platform.dynamics.passage import Clusters, Passage
from interest_platform.interests.vectors import as_matrix


@dataclass(frozen=True)
class Sighting:
    """The clusters of one window, in the order of their ids whatever order they come in, and who is in them.

    `clusters` has cluster_id, size, cohesion and centroid; `members` user_key, cluster_id (-1: in none) and weight
    (the interest's share of its user); `encoder` is that of the vectors. `items`, where texts of the window have items,
    has cluster_id, item_id and users (by weight).
    """

    clusters: pl.DataFrame
    members: pl.DataFrame
    encoder: str | None
    items: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        """Sums over clusters round by their order, so it has to be one."""
        object.__setattr__(self, "clusters", self.clusters.sort("cluster_id"))

    def seen(self) -> Clusters:
        """Sizes, centroids and cohesion by row of `clusters`."""
        return Clusters(
            self.clusters["size"].to_numpy().astype(np.float64),
            as_matrix(self.clusters["centroid"]).astype(np.float64),
            self.clusters["cohesion"].to_numpy().astype(np.float64),
        )

    @property
    def placed(self) -> pl.DataFrame:
        """The members that are in a cluster."""
        return self.members.filter(pl.col("cluster_id") != NO_CLUSTER)

    def users(self) -> np.ndarray:
        """Users of each cluster by row of `clusters`, (k,): one with several interests counts by their weights."""
        placed = self.by_row("row").sort("row", "weight")
        return np.bincount(placed["row"].to_numpy(), placed["weight"].to_numpy(), self.clusters.height)

    def by_row(self, name: str) -> pl.DataFrame:
        """user_key, the cluster's row in `clusters` by this name, and weight: a user's interests in one added up."""
        rows = self.clusters.select("cluster_id").with_row_index(name).with_columns(pl.col(name).cast(pl.Int64))
        placed = self.placed.join(rows, on="cluster_id").select("user_key", name, "weight")
        return placed.group_by("user_key", name).agg(pl.col("weight").sort().sum())

    def only(self, clusters: list[int]) -> "Sighting":
        """Some of the clusters, in the order of the rows."""
        chosen = pl.col("cluster_id").is_in(clusters)
        items = None if self.items is None else self.items.filter(chosen)
        return Sighting(self.clusters.filter(chosen), self.members.filter(chosen), self.encoder, items)


def passage(before: Sighting, after: Sighting) -> Passage:
    """The passage from one sighting to the other; rows and columns of the flows follow `clusters`."""
    comparable = before.encoder == after.encoder
    users = before.users(), after.users()
    return Passage(before.seen(), after.seen(), _flows(before, after), comparable, _items(before, after), users)


def _flows(before: Sighting, after: Sighting) -> np.ndarray:
    """Users of both windows by clusters, (before, after); a user with several interests counts by their weights."""
    flows = np.zeros((before.clusters.height, after.clusters.height))
    came, went = before.by_row("row"), after.by_row("column").rename({"weight": "weight_after"})
    pairs = coupled(came.join(went, on="user_key"))
    flows[pairs["row"].to_numpy(), pairs["column"].to_numpy()] = pairs["users"].to_numpy()
    return flows


def items_of(members: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame | None:
    """The items of a sighting from its members and the window's texts (user_key, item_id); None without items.

    A user counts once an item, however often the user wrote about it.
    """
    taken = texts.select("user_key", "item_id").drop_nulls().unique()
    if taken.is_empty():
        return None
    placed = members.filter(pl.col("cluster_id") != NO_CLUSTER)
    counted = placed.join(taken, on="user_key").group_by("cluster_id", "item_id")
    return counted.agg(pl.col("weight").sort().sum().alias("users")).sort("cluster_id", "item_id")


def _items(before: Sighting, after: Sighting) -> tuple[np.ndarray, np.ndarray] | None:
    """Users by cluster and item of both windows, (k, m) each; the columns are the items of either, in order."""
    if before.items is None or after.items is None:
        return None
    names = pl.concat([before.items["item_id"], after.items["item_id"]]).unique().sort()
    column = pl.DataFrame({"item_id": names}).with_row_index("column")
    return _counted(before, before.items, column), _counted(after, after.items, column)


def _counted(sighting: Sighting, items: pl.DataFrame, column: pl.DataFrame) -> np.ndarray:
    row = sighting.clusters.select("cluster_id").with_row_index("row")
    placed = items.join(row, on="cluster_id").join(column, on="item_id")
    counted = np.zeros((row.height, column.height))
    counted[placed["row"].to_numpy(), placed["column"].to_numpy()] = placed["users"].to_numpy()
    return counted
