"""How a clustering came about, as frames: the k that were tried, and the tree that can be cut at another level."""

from dataclasses import asdict

import numpy as np
import polars as pl

from interest_platform.clustering.result import Clustering
from interest_platform.domain.clustering_tables import CLUSTER_TREES, K_CURVES


def curve_frame(clustering: Clustering) -> pl.DataFrame:
    """The columns of `k_curves` without window_start, a row a k that was tried, by k.

    The rule's k is marked, also where fewer clusters came out of it because users are too much alike.
    """
    points = [asdict(point) | {"rule": clustering.k_method} for point in clustering.curve]
    schema = {c.name: c.type.polars for c in K_CURVES.body if c.name != "chosen"}
    chosen = pl.col("k").eq_missing(pl.lit(clustering.k_chosen, pl.Int32))
    return pl.DataFrame(points, schema).with_columns(chosen=chosen).sort("k")


def tree_frame(clustering: Clustering) -> pl.DataFrame:
    """The columns of `cluster_trees` without window_start, a row a node; none where the method has no tree."""
    tree, leaves = clustering.tree, clustering.leaves
    if tree is None or leaves is None:
        return CLUSTER_TREES.empty().drop("window_start")
    below = np.concatenate([[0], np.cumsum(np.bincount(leaves, minlength=int(tree.last.max()) + 1))])
    of_leaf = np.empty(int(tree.last.max()) + 1, np.int64)
    of_leaf[leaves] = clustering.labels
    numbers = {
        "node": np.arange(len(tree.parent)),
        "parent": tree.parent,
        "size": below[tree.last + 1] - below[tree.first],
        "first_leaf": tree.first,
        "last_leaf": tree.last,
        "k_from": tree.fewest,
        "k_to": tree.most,
        "cluster_id": tree.clusters(of_leaf),
    }
    told = pl.DataFrame({name: pl.Series(values, dtype=pl.Int32) for name, values in numbers.items()})
    return told.with_columns(
        pl.Series("height", tree.height),
        pl.col("parent", "cluster_id").replace(-1, None),
    )
