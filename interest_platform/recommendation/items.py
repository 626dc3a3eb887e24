"""Where items lie: the mean of the vectors of the texts about them."""

import numpy as np
import polars as pl

from interest_platform.interests.vectors import OPPOSED, as_lists, as_matrix

NAMES = ("item_id", "vector", "n_texts", "n_users")


def item_vectors(texts: pl.DataFrame, vectors: pl.DataFrame) -> pl.DataFrame:
    """item_id, vector (unit), n_texts, n_users, by item_id.

    `texts` has item_id (null: about none), user_key and text_hash, `vectors` text_hash and vector (unit). A text about
    an item counts once, however many repeat it. An item whose texts cancel out has no direction and no row.
    """
    vectors = vectors.select("text_hash", "vector").unique("text_hash")
    about = texts.select("item_id", "user_key", "text_hash").drop_nulls().join(vectors, on="text_hash", how="semi")
    counted = about.group_by("item_id").agg(
        n_texts=pl.col("text_hash").n_unique().cast(pl.Int32), n_users=pl.col("user_key").n_unique().cast(pl.Int32)
    )
    # by hash, so that sums are taken in an order of the texts' own
    each = about.select("item_id", "text_hash").unique().sort("item_id", "text_hash")
    told = each.join(vectors, on="text_hash", how="left", maintain_order="left")
    if told.is_empty():
        return counted.with_columns(vector=pl.lit(None, pl.List(pl.Float32))).select(*NAMES)
    starts = np.flatnonzero(np.r_[True, (told["item_id"][1:] != told["item_id"][:-1]).to_numpy()])
    sums = np.add.reduceat(as_matrix(told["vector"]).astype(np.float64), starts)
    lengths, sizes = np.linalg.norm(sums, axis=1), np.diff(np.r_[starts, told.height])
    kept = lengths > OPPOSED * sizes
    units = (sums[kept] / lengths[kept, None]).astype(np.float32)
    placed = pl.DataFrame({"item_id": told["item_id"].gather(starts[kept]), "vector": as_lists(units)})
    return placed.join(counted, on="item_id").select(*NAMES).sort("item_id")
