"""What kinds items are of: the categories of the texts about them."""

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.places import places


def item_kinds(texts: pl.DataFrame, items: np.ndarray) -> csr_array:
    """Shares of each item's texts in categories, (m, g) float32, rows of 0 where none is named.

    `texts` has item_id and category, `items` (m,) are sorted; the columns are the categories in their order.
    """
    named = texts.select("item_id", "category").drop_nulls()
    cells = (
        named.group_by("item_id", "category")
        .len()
        .with_columns(share=pl.col("len") / pl.col("len").sum().over("item_id"))
    )
    categories = np.unique(named["category"].to_numpy().astype(object))
    shape = (len(items), len(categories))
    if not all(shape):
        return csr_array(shape, dtype=np.float32)
    rows, there = places(items, cells["item_id"])
    columns, _ = places(categories, cells["category"])
    shares = cells["share"].to_numpy().astype(np.float32)
    return csr_array((shares[there], (rows[there], columns[there])), shape=shape)


def wanted_kinds(interactions: Interactions, rows: np.ndarray, kinds: csr_array) -> np.ndarray:
    """The mix of kinds in the histories of the users in these rows, (b, g) float32 that sums to 1, or 0: none known.

    An item counts as often as it was dealt with.
    """
    told = np.asarray((interactions.counts[rows] @ kinds).toarray(), np.float32)
    total = told.sum(axis=1, keepdims=True)
    return np.divide(told, total, out=np.zeros_like(told), where=total > 0)
