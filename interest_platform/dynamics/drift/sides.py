"""What is compared: a window as the drift measures read it, and two windows' interests pooled."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_platform.dynamics.drift.distances import Rows
from interest_platform.dynamics.drift.pool import Pool, pool_of, pooled
from interest_platform.dynamics.drift.ruler import NONE, common_labels
from interest_platform.embedding import require_same_encoder
from interest_platform.interests.vectors import as_matrix


@dataclass(frozen=True)
class Side:
    """A window.

    `interests` has user_key, interest_no, weight, vector, encoder and segment_id (null: in none); `texts`, of the
    window itself, user_key, source, lang, n_tokens, text_hash, tokens; `history`, of all lookback windows, window,
    user_key, source, lang, text_hash. `settings` says how the window was clustered.
    """

    window: str
    interests: pl.DataFrame
    texts: pl.DataFrame
    history: pl.DataFrame
    settings: str

    @property
    def encoder(self) -> str | None:
        """Fingerprint of the encoder; null without users. Raises `MixedEncodersError` for several."""
        encoders = self.interests["encoder"].unique().sort()
        return require_same_encoder(encoders, f"drift_metrics of {self.window}") if len(encoders) else None


def with_segments(interests: pl.DataFrame, members: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    """The interests with the segment_id of their cluster; null where the cluster has no identity."""
    named = members.select("user_key", "interest_no", "cluster_id").join(
        identities.select("cluster_id", "segment_id"), on="cluster_id", how="left"
    )
    return interests.join(named.drop("cluster_id"), on=["user_key", "interest_no"], how="left")


@dataclass(frozen=True)
class Interests:
    """Both windows' interests in one order: rows (rows,) of `pool`'s units, their own segment and the ruler's."""

    users: NDArray[np.str_]
    numbers: NDArray[np.int32]
    before: NDArray[np.bool_]
    rows: Rows
    pool: Pool
    own: NDArray[np.str_]

    @cached_property
    def common(self) -> NDArray[np.str_]:
        """The segment of each row by one ruler."""
        return common_labels(self.rows.vectors, self.own, self.rows.weight, self.before)

    @property
    def segments(self) -> list[str]:
        """Segments that both windows have, sorted."""
        return sorted((set(self.own[self.before]) & set(self.own[~self.before])) - {NONE})

    def of_segment(self, segment: str) -> tuple[Rows, Pool]:
        """The part of the interests that lies in the segment, by the ruler: each user's weights there sum to 1."""
        kept = self.common == segment
        units, number = np.unique(self.rows.unit[kept], return_inverse=True)
        weight = self.rows.weight[kept]
        within = weight / np.bincount(number, weight)[number] if len(weight) else weight
        return Rows(self.rows.vectors[kept], number, within), self.pool.take(units)

    @property
    def strongest(self) -> pl.DataFrame:
        """user_key, before and segment_id: each user in each window by the strongest interest."""
        first = self.numbers == 0
        told = {"user_key": self.users[first], "before": self.before[first], "segment_id": self.common[first]}
        return pl.DataFrame(told, {"user_key": pl.String, "before": pl.Boolean, "segment_id": pl.String})


def interests_of(before: Side, after: Side) -> Interests:
    """Pool both windows' interests. The order of rows within them does not matter."""
    columns = ["user_key", "interest_no", "weight", "segment_id"]
    sides = [side.interests.select(*columns).with_row_index("place") for side in (before, after)]
    rows = pooled(sides[0], sides[1], by=["interest_no"])
    places, of_before = rows["place"].to_numpy(), rows["before"].to_numpy()
    matrices = [as_matrix(side.interests["vector"]) for side in (before, after)]
    vectors = np.empty((rows.height, matrices[0].shape[1]), np.float32)
    for side, matrix in zip((of_before, ~of_before), matrices, strict=True):
        vectors[side] = matrix[places[side]]
    return Interests(
        rows["user_key"].to_numpy().astype(str),
        rows["interest_no"].to_numpy(),
        of_before,
        Rows(vectors, rows["unit"].to_numpy(), rows["weight"].to_numpy()),
        pool_of(rows),
        rows["segment_id"].fill_null(NONE).to_numpy().astype(str),
    )
