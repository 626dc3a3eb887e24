"""The window that changes are planted in: its users' vectors and clusters, without their names."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from interest_platform.clustering.rows import distinct_rows
from interest_platform.domain.unassigned import NO_CLUSTER
from interest_platform.dynamics.drift.alarms import KNOWN
from interest_platform.interests.vectors import as_matrix
from interest_platform.numerics.unit import unit

USUAL_RETURN = 0.8
"""Share of users taken to return where no last window tells."""

JITTER = 0.3
"""How much of a second member's residual is mixed into a drawn one, so that hardly two drawn vectors are equal. The
cluster's mean and covariance stay: JITTER^2 and 1 - JITTER^2 of the variance."""


@dataclass(frozen=True)
class Ground:
    """n users, each with one unit vector, (n, d) float32, in an order that depends on the vectors alone.

    `labels` (n,) are their clusters 0..k-1, each used; `returning` the share of users who come again in the next
    window; `total` how many users the window has, of which these n are all or a sample; `history` the measures of
    change of the windows before, by which alarms are judged.
    """

    vectors: np.ndarray
    labels: np.ndarray
    returning: float
    total: int
    history: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KNOWN))

    @property
    def users(self) -> int:
        """Users here, n."""
        return len(self.labels)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Users of each cluster, (k,)."""
        return np.bincount(self.labels)

    @cached_property
    def means(self) -> np.ndarray:
        """Mean of each cluster's vectors, (k, d) float64."""
        vectors = self.vectors.astype(np.float64)
        return np.stack([vectors[self.labels == c].mean(axis=0) for c in range(len(self.sizes))])

    @cached_property
    def centroids(self) -> np.ndarray:
        """Unit mean direction of each cluster, (k, d) float64."""
        return unit(self.means)

    def real(self, cluster: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """So many of the cluster's own vectors, (count, d) float64; beyond its size the rest is drawn."""
        own = np.flatnonzero(self.labels == cluster)
        kept = np.sort(rng.choice(own, min(count, len(own)), replace=False))
        more = self.draw(cluster, count - len(kept), rng)
        return np.concatenate([self.vectors[kept].astype(np.float64), more])

    def draw(self, cluster: int, count: int, rng: np.random.Generator) -> np.ndarray:
        """New vectors like the cluster's, (count, d) float64: residuals of its members around its mean.

        A smoothed bootstrap (Silverman and Young 1987, Biometrika 74) whose noise is the cluster's own: a member's
        residual with a little of another's.
        """
        own, mean = np.flatnonzero(self.labels == cluster), self.means[cluster]
        one, other = rng.choice(own, (2, count))
        residuals = np.sqrt(1 - JITTER**2) * (self.vectors[one] - mean) + JITTER * (self.vectors[other] - mean)
        return unit(mean + residuals)


def ground_of(interests: pl.DataFrame, members: pl.DataFrame, returning: float, most: int, seed: int) -> Ground:
    """The ground of a window's user_interests and cluster_members; a sample of `most` users where there are more.

    A user with several interests counts by the strongest, one in no cluster is left out. Neither the order of
    rows nor the users' keys change it.
    """
    named = members.filter(pl.col("cluster_id") != NO_CLUSTER).select("user_key", "interest_no", "cluster_id")
    rows = interests.filter(pl.col("interest_no") == 0).select("user_key", "interest_no", "vector")
    rows = rows.join(named, on=["user_key", "interest_no"])
    vectors = as_matrix(rows["vector"])
    if not len(vectors):
        return Ground(vectors, np.zeros(0, np.int64), returning, 0)
    # users with equal vectors are told apart by their cluster alone, so that the order of rows makes no difference
    order = np.lexsort((rows["cluster_id"].to_numpy(), distinct_rows(vectors).inverse))
    if len(order) > most:
        order = order[np.sort(np.random.default_rng(seed).choice(len(order), most, replace=False))]
    labels = np.unique(rows["cluster_id"].to_numpy()[order], return_inverse=True)[1]
    return Ground(vectors[order], labels.ravel(), returning, rows.height)


def returning_share(flows: pl.DataFrame) -> float:
    """Share of the last window's users who are in this one, by its segment_migrations; .8 where there is no last.

    >>> ends = {"from_segment": ["a", "a", None], "to_segment": ["a", None, "a"]}
    >>> flows = pl.DataFrame(ends).with_columns(users=pl.Series([1.0, 3.0, 9.0]))
    >>> returning_share(flows), returning_share(flows.clear())
    (0.25, 0.8)
    """
    known = flows.drop_nulls("from_segment").sort("from_segment", "to_segment")
    users, back = known["users"].to_numpy(), known["to_segment"].is_not_null().to_numpy()
    return float(users[back].sum() / users.sum()) if users.sum() > 0 else USUAL_RETURN
