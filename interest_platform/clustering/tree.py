"""The tree of a hierarchical clustering: any cut of it, and a form in which one comparison cuts it anywhere."""

from dataclasses import dataclass

import numpy as np

MOST_LEAVES = 1_000
"""Leaves of a kept tree: no cut finer than that is a segmentation, and the tree stays small however many users."""


@dataclass(frozen=True)
class Tree:
    """A binary tree of L leaves, each a group of distinct rows, numbered left to right: a run lies below every node.

    Nodes 0..L-1 are the leaves, L..2L-2 the merges in their order, the last the root. `parent` (2L-1,), -1 of the root;
    `height` (2L-1,) at which the node was merged; `first` and `last` (2L-1,) leaf below it; `leaves` (m,) the leaf
    of each distinct row. The cut into k clusters is the nodes with `fewest <= k <= most`.
    """

    parent: np.ndarray
    height: np.ndarray
    first: np.ndarray
    last: np.ndarray
    leaves: np.ndarray

    @property
    def fewest(self) -> np.ndarray:
        """The smallest cut that has the node as a cluster, (2L-1,)."""
        return np.where(self.parent < 0, 1, len(self.parent) + 1 - self.parent)

    @property
    def most(self) -> np.ndarray:
        """The largest cut that has the node as a cluster, (2L-1,)."""
        return np.minimum(len(self.parent) - np.arange(len(self.parent)), (len(self.parent) + 1) // 2)

    def cut(self, k: int) -> np.ndarray:
        """The cluster 0..k-1 of each distinct row, (m,), from left to right; k at most the number of leaves."""
        nodes = np.flatnonzero((self.fewest <= k) & (k <= self.most))
        return np.searchsorted(np.sort(self.first[nodes]), self.leaves, side="right") - 1

    def clusters(self, of_leaf: np.ndarray) -> np.ndarray:
        """The cluster that all leaves below each node are in, (2L-1,), from that of each leaf, (L,); -1: in several."""
        changes = np.concatenate([[0], np.cumsum(np.diff(of_leaf) != 0)])
        whole = changes[self.first] == changes[self.last]
        return np.where(whole, of_leaf[self.first], -1)


def cut(merges: np.ndarray, k: int) -> np.ndarray:
    """Labels 0..k-1 of m rows after all but the last k - 1 of their merges, (m - 1, 2): nodes m + i of earlier ones."""
    top = _top(merges, k)
    return np.unique(top, return_inverse=True)[1]


def tree_of(merges: np.ndarray, heights: np.ndarray, most: int = MOST_LEAVES) -> Tree:
    """The upper part of m rows' merges with at most `most` leaves; `heights` (m - 1,) of the merges."""
    rows = len(merges) + 1
    size = min(rows, most)
    top, done = _top(merges, size), rows - size
    nodes = np.unique(top)  # of the rows' tree: the leaves of the kept one
    order = _left_to_right(merges, nodes, 2 * rows - 2)
    number = {int(node): leaf for leaf, node in enumerate(order)} | {rows + done + i: size + i for i in range(size - 1)}
    parent, height = np.full(2 * size - 1, -1), np.zeros(2 * size - 1)
    first, last = np.arange(2 * size - 1), np.arange(2 * size - 1)
    for leaf, node in enumerate(order):
        height[leaf] = heights[node - rows] if node >= rows else 0.0
    for i in range(size - 1):
        pair = [number[int(child)] for child in merges[done + i]]
        parent[pair], height[size + i] = size + i, heights[done + i]
        first[size + i], last[size + i] = first[pair].min(), last[pair].max()
    return Tree(parent, height, first, last, np.array([number[int(node)] for node in top]))


def _top(merges: np.ndarray, k: int) -> np.ndarray:
    """The node each row is below when k clusters are left, (m,)."""
    rows = len(merges) + 1
    made = rows - k
    node = np.arange(rows + made)
    for i in range(made - 1, -1, -1):  # from the last merge down: parents are settled before their children
        node[merges[i]] = node[rows + i]
    return node[:rows]


def _left_to_right(merges: np.ndarray, leaves: np.ndarray, root: int) -> list[int]:
    rows, ends, found, waiting = len(merges) + 1, set(leaves.tolist()), [], [root]
    while waiting:
        node = waiting.pop()
        if node in ends:
            found.append(node)
        else:
            waiting += merges[node - rows][::-1].tolist()
    return found
