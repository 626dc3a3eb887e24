"""From a source's user ids to pseudonyms, one HMAC a distinct user."""

from dataclasses import dataclass, field

import polars as pl

from interest_platform.domain.pseudonyms import IDENTITIES, user_key


@dataclass(frozen=True)
class Users:
    """Who the users of one source are.

    `persons` has the columns `user_id` and `person_id` (text): users it names are known by their person, so that
    one person's accounts in several sources are one user.
    """

    source: str
    key: bytes = field(repr=False)
    persons: pl.DataFrame | None = None

    def keys(self, user_ids: pl.Series) -> pl.Series:
        """The pseudonym of each id, null where it is null; as long as `user_ids`."""
        distinct = pl.DataFrame({"user_id": user_ids.drop_nulls().unique()}, schema={"user_id": pl.String})
        known = self._with_persons(distinct)
        pseudonyms = [
            user_key(self.key, self.source, user) if person is None else user_key(self.key, IDENTITIES, person)
            for user, person in known.iter_rows()
        ]
        table = known.select("user_id", pl.Series("user_key", pseudonyms, pl.String))
        wanted = pl.DataFrame({"user_id": user_ids}, schema={"user_id": pl.String})
        return wanted.join(table, on="user_id", how="left", maintain_order="left")["user_key"]

    def _with_persons(self, distinct: pl.DataFrame) -> pl.DataFrame:
        if self.persons is None:
            return distinct.with_columns(pl.lit(None, pl.String).alias("person_id"))
        return distinct.join(self.persons, on="user_id", how="left").select("user_id", "person_id")
