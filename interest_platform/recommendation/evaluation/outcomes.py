"""What users of a context did later: what a recommendation is judged by."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.splits import WARM
from interest_platform.recommendation.places import places


@dataclass(frozen=True)
class Outcomes:
    """The users who can be judged: their rows of the context (u,), and what became relevant to them, (u, m + new).

    Behind the context's m items are those that nobody knew by the end of the window. No list can hold them: they are
    missed by every strategy alike, as users miss them.
    """

    rows: NDArray[np.int64]
    relevant: csr_array
    warm: NDArray[np.bool_]
    """Whether the user had `WARM` interactions by the end of the window, (u,)."""
    unknown_users: int
    """Users of whom nothing was known by the end of the window: nobody could recommend to them, they are not judged."""
    unknown_share: float
    """Share of what is relevant that no list can hold."""

    def of_users(self, rows: NDArray[np.integer]) -> "Outcomes":
        """Those of the users in these rows of the context; what is unknown stays."""
        kept = np.isin(self.rows, rows)
        return replace(self, rows=self.rows[kept], relevant=csr_array(self.relevant[kept]), warm=self.warm[kept])

    def whole(self, users: int, items: int) -> csr_array:
        """What became relevant of the context's own items, (users, items): a row for every user of the context."""
        pairs = csr_array(self.relevant[:, :items]).tocoo()
        return csr_array((pairs.data, (self.rows[pairs.row], pairs.col)), shape=(users, items))


def outcomes(context: Context, later: pl.DataFrame, again: bool = False) -> Outcomes:
    """From user_key and item_id of `later`.

    Items that the user had dealt with before are not relevant any more, unless taking them up `again` counts.
    """
    known = context.interactions
    pairs = later.select("user_key", "item_id").drop_nulls().unique()
    of_known = pl.Series(places(known.users, pairs["user_key"])[1], dtype=pl.Boolean)
    unknown_users, pairs = pairs.filter(~of_known)["user_key"].n_unique(), pairs.filter(of_known)
    users, (items, had) = places(known.users, pairs["user_key"])[0], places(known.items, pairs["item_id"])
    n, m = known.counts.shape
    appeared, place = np.unique(pairs["item_id"].to_numpy().astype(object)[~had], return_inverse=True)
    items[~had] = m + place
    shape = (n, m + len(appeared))
    told = csr_array((np.ones(len(users), np.float32), (users, items)), shape=shape)
    before = csr_array((known.binary.data, known.binary.indices, known.binary.indptr), shape=shape)
    fresh = told if again else csr_array(told - told * before)
    fresh.eliminate_zeros()
    rows = np.flatnonzero(np.diff(fresh.indptr))
    return Outcomes(
        rows=rows,
        relevant=csr_array(fresh[rows]),
        warm=known.counts.sum(axis=1)[rows] >= WARM,
        unknown_users=unknown_users,
        unknown_share=float((~had).sum() / max(fresh.nnz, 1)),
    )
