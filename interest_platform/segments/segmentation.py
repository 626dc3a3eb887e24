"""Which users are in which segment of a window: its members, and the identities of its clusters."""

from dataclasses import dataclass

import polars as pl

from interest_platform.domain.unassigned import NO_CLUSTER, UNASSIGNED
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError


@dataclass(frozen=True)
class Segmentation:
    """Who is in which segment of one window: frames of `cluster_members` and `segment_identities`.

    Of members user_key, interest_no and cluster_id are used, of identities cluster_id, segment_id and name. Raises
    `ContractError` unless the identities are those of the members' clusters, each cluster exactly once.
    """

    window: Window
    members: pl.DataFrame
    identities: pl.DataFrame

    def __post_init__(self) -> None:
        """Refuse identities of an older clustering, which would give users another cluster's segment."""
        self.require(self._placed["cluster_id"].unique())

    def require(self, clusters: pl.Series) -> None:
        """Raise `ContractError` unless the identities are those of `clusters`, each exactly once."""
        found, wanted = sorted(self.identities["cluster_id"]), sorted(clusters)
        if found != wanted:
            raise ContractError(
                f"segment_identities of {self.window} name clusters {found}, its clusters are {wanted}: "
                "materialise segment_identities again"
            )

    @property
    def _placed(self) -> pl.DataFrame:
        return self.members.filter(pl.col("cluster_id") != NO_CLUSTER)

    def users(self) -> pl.DataFrame:
        """user_key, cluster_id, segment_id: each user once, in the segment of the strongest interest, by user_key.

        One whose strongest interest is in no cluster (-1) is in the segment `unassigned`, which is none.
        """
        return self._named(self.members.filter(pl.col("interest_no") == 0)).sort("user_key")

    def interests(self) -> pl.DataFrame:
        """user_key, interest_no, cluster_id, segment_id: every member in a cluster, in no particular order."""
        return self._named(self._placed, "interest_no")

    def sizes(self) -> pl.DataFrame:
        """segment_id, size: the members (interests) of each segment, in no particular order."""
        return self._named(self._placed).group_by("segment_id").agg(pl.len().alias("size"))

    def _named(self, members: pl.DataFrame, *more: str) -> pl.DataFrame:
        names = self.identities.select("cluster_id", "segment_id")
        return members.join(names, on="cluster_id", how="left").select(
            "user_key", *more, "cluster_id", pl.col("segment_id").fill_null(UNASSIGNED)
        )
