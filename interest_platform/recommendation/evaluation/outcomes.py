"""What users of a context did later, as far as a recommendation could have told them."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.splits import WARM


@dataclass(frozen=True)
class Outcomes:
    """The users who can be judged: their rows of the context (u,), and what became relevant to them (u, m)."""

    rows: NDArray[np.int64]
    relevant: csr_array
    warm: NDArray[np.bool_]
    """Whether the user had `WARM` interactions by the end of the window, (u,)."""
    unknown_users: int
    """Users who dealt with something new to them, of whom nothing was known: nobody could recommend to them."""
    unknown_items: int
    """Later interactions of known users with items that were not known by then: no list can hold them."""


def outcomes(context: Context, later: pl.DataFrame) -> Outcomes:
    """From user_key and item_id of `later`; items that the user had dealt with before are not relevant any more."""
    known = context.interactions
    pairs = later.select("user_key", "item_id").drop_nulls().unique()
    users, whose = _places(known.users, pairs["user_key"])
    items, which = _places(known.items, pairs["item_id"])
    unknown_users = pairs.filter(pl.Series(~whose))["user_key"].n_unique()
    both = whose & which
    told = csr_array((np.ones(both.sum(), np.float32), (users[both], items[both])), shape=known.counts.shape)
    fresh = told - told.multiply(known.binary)
    fresh.eliminate_zeros()
    rows = np.flatnonzero(np.diff(fresh.indptr))
    return Outcomes(
        rows=rows,
        relevant=csr_array(fresh[rows]),
        warm=known.counts.sum(axis=1)[rows] >= WARM,
        unknown_users=unknown_users,
        unknown_items=int((whose & ~which).sum()),
    )


def _places(names: NDArray[np.object_], asked: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each is in the sorted `names`, and whether it is there at all."""
    values = asked.to_numpy().astype(object)
    if not len(names):
        return np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(names, values), len(names) - 1)
    return at, names[at] == values
