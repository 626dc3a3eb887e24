"""What the business does not want shown: items hidden from everybody, or from a user."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.places import places


@dataclass(frozen=True)
class Hidden:
    """As `top` takes it: `pairs` (n, m) of users and items, and `items` (m,) bool that are hidden from all."""

    pairs: csr_array
    items: np.ndarray


def hidden(filters: pl.DataFrame, interactions: Interactions) -> Hidden:
    """From rows of user_key (null: everybody) and item_id; what is not known can't be listed anyway."""
    n, m = interactions.counts.shape
    column, has_item = places(interactions.items, filters["item_id"])
    row, has_user = places(interactions.users, filters["user_key"].fill_null(""))
    of_all = filters["user_key"].is_null().to_numpy()
    items = np.zeros(m, bool)
    items[column[of_all & has_item]] = True
    kept = ~of_all & has_item & has_user
    pairs = csr_array((np.ones(int(kept.sum()), np.float32), (row[kept], column[kept])), shape=(n, m))
    return Hidden(pairs, items)
