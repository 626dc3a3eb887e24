"""From a source's user ids to pseudonyms, one HMAC a distinct user."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from interest_platform.domain.pseudonyms import IDENTITIES, user_key

_PSEUDONYM = re.compile(r"[0-9a-f]{64}")


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
        pseudonyms = [self._key(user, person) for user, person in known.iter_rows()]
        table = known.select("user_id", pl.Series("user_key", pseudonyms, pl.String))
        wanted = pl.DataFrame({"user_id": user_ids}, schema={"user_id": pl.String})
        return wanted.join(table, on="user_id", how="left", maintain_order="left")["user_key"]

    def key_of(self, user_id: str) -> str:
        """The pseudonym of one id; persons are looked up in a table that the first call makes."""
        return self._key(user_id, self._person_of.get(user_id))

    def _key(self, user: str, person: str | None) -> str:
        return user_key(self.key, self.source, user) if person is None else user_key(self.key, IDENTITIES, person)

    @cached_property
    def _person_of(self) -> dict[str, str]:
        return {} if self.persons is None else dict(self.persons.select("user_id", "person_id").iter_rows())

    def _with_persons(self, distinct: pl.DataFrame) -> pl.DataFrame:
        if self.persons is None:
            return distinct.with_columns(pl.lit(None, pl.String).alias("person_id"))
        return distinct.join(self.persons, on="user_id", how="left").select("user_id", "person_id")


def candidates(users: Mapping[str, Users], user: str, source: str | None) -> dict[str, str]:
    """Source name (or `user_key`) to the pseudonym that the text `user` would be there.

    `users` has all sources; with `source` only that one is asked. A text that looks like a pseudonym may be one.
    """
    chosen = users if source is None else {source: users[source]}
    found = {name: each.key_of(user) for name, each in chosen.items()}
    return found | ({"user_key": user} if source is None and _PSEUDONYM.fullmatch(user) else {})
