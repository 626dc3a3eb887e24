"""The tree of a hierarchical clustering: cuts by hand, against SciPy, and as BI cuts it."""

import numpy as np
import polars as pl
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from interest_platform.clustering import cluster, tree_frame
from interest_platform.clustering import hierarchical as module
from interest_platform.clustering.rows import distinct_rows
from interest_platform.clustering.snapshot import cluster_members
from interest_platform.clustering.tree import cut, tree_of
from interest_platform.configuration import ClusteringSettings

# rows 0 and 1 merge (node 5), 3 and 4 (node 6), 2 with {0, 1} (node 7), all (node 8)
MERGES, HEIGHTS = np.array([[0, 1], [3, 4], [2, 5], [6, 7]]), np.array([1.0, 2.0, 3.0, 4.0])


def blocks(labels):
    return {frozenset(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)}


def sphere(n, d, seed):
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, [[0, 1, 2, 3, 4]]), (2, [[0, 1, 2], [3, 4]]), (3, [[0, 1], [2], [3, 4]]), (5, [[0], [1], [2], [3], [4]])],
)
def test_a_cut_undoes_the_last_merges(k, expected):
    assert blocks(cut(MERGES, k)) == {frozenset(block) for block in expected}


def test_a_tree_by_hand():
    tree = tree_of(MERGES, HEIGHTS)
    # from left to right: the root's first child {3, 4}, then {2, {0, 1}}
    assert tree.leaves.tolist() == [3, 4, 2, 0, 1]
    assert tree.parent.tolist() == [6, 6, 7, 5, 5, 7, 8, 8, -1]
    assert tree.height.tolist() == [0, 0, 0, 0, 0, 1, 2, 3, 4]
    assert list(zip(tree.first[5:], tree.last[5:], strict=True)) == [(3, 4), (0, 1), (2, 4), (0, 4)]
    assert tree.fewest.tolist() == [4, 4, 3, 5, 5, 3, 2, 2, 1]
    assert tree.most.tolist() == [5, 5, 5, 5, 5, 4, 3, 2, 1]
    assert tree.clusters(np.array([0, 0, 1, 1, 1])).tolist() == [0, 0, 1, 1, 1, 1, 0, 1, -1]


def test_a_tree_with_fewer_leaves_keeps_its_upper_part():
    tree = tree_of(MERGES, HEIGHTS, most=3)
    assert tree.leaves.tolist() == [2, 2, 1, 0, 0]
    assert tree.height.tolist() == [2, 0, 1, 3, 4]
    for k in (1, 2, 3):
        assert blocks(tree.cut(k)) == blocks(cut(MERGES, k))


def test_one_row_is_a_tree_of_one_leaf():
    tree = tree_of(np.zeros((0, 2), int), np.zeros(0))
    assert (tree.parent.tolist(), tree.fewest.tolist(), tree.most.tolist()) == ([-1], [1], [1])


@pytest.mark.parametrize("k", [1, 2, 7, 40])
def test_the_clusters_are_scipys_ward(k):
    vectors = sphere(80, 6, 0)
    found = cluster(vectors, ClusteringSettings(method="hierarchical", k=k))
    theirs = fcluster(linkage(vectors.astype(float), "ward"), k, "maxclust")
    assert blocks(found.labels) == blocks(theirs)


def test_neighbours_alone_give_the_tree_of_all_pairs_where_clusters_are_separated(monkeypatch):
    g = np.random.default_rng(1)
    vectors = np.eye(4, 8)[np.arange(200) % 4] + 0.1 * g.normal(size=(200, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    whole = cluster(vectors, ClusteringSettings(method="hierarchical", k=4))
    monkeypatch.setattr(module, "EVERY_PAIR", 50)
    near = cluster(vectors, ClusteringSettings(method="hierarchical", k=4))
    assert blocks(near.labels) == blocks(whole.labels) == blocks(np.arange(200) % 4)


def test_the_tables_can_be_cut_anywhere_by_one_comparison_and_give_the_methods_own_cut():
    vectors = np.concatenate([sphere(60, 5, 2), sphere(60, 5, 2)[:20]])
    interests = pl.DataFrame({"user_key": [f"u{i:03d}" for i in range(80)]}).with_columns(interest_no=pl.lit(0))
    found = cluster(vectors, ClusteringSettings(method="hierarchical", k=6))
    members, tree = cluster_members(interests, found), tree_frame(found)
    assert tree.filter(pl.col("parent").is_null())["size"].to_list() == [80]
    for k in (1, 3, 6, 30, 60):
        nodes = tree.filter(pl.lit(k).is_between(pl.col("k_from"), pl.col("k_to")))
        placed = members.join_where(
            nodes, pl.col("leaf") >= pl.col("first_leaf"), pl.col("leaf") <= pl.col("last_leaf")
        )
        assert nodes.height == k
        assert placed.height == 80
        theirs = cluster(vectors, ClusteringSettings(method="hierarchical", k=k)).labels
        assert blocks(placed.sort("user_key")["node"].to_numpy()) == blocks(theirs)
        assert placed.group_by("node").len().sort("node")["len"].to_list() == nodes.sort("node")["size"].to_list()
    own = tree.filter(pl.lit(6).is_between(pl.col("k_from"), pl.col("k_to")))
    assert sorted(own["cluster_id"]) == list(range(6))


def test_the_tree_does_not_depend_on_the_order_of_rows():
    vectors = sphere(50, 5, 3)
    order = np.random.default_rng(0).permutation(50)
    one, other = (cluster(v, ClusteringSettings(method="hierarchical", k=5)) for v in (vectors, vectors[order]))
    assert tree_frame(one).equals(tree_frame(other))
    np.testing.assert_array_equal(one.leaves[order], other.leaves)
    assert len(distinct_rows(vectors)) == 50
