"""Ward's hierarchical clustering of unit vectors: one tree, of which any cut is a clustering."""

import warnings

import numpy as np

from interest_platform.clustering.choose_k import Fit, choose_k
from interest_platform.clustering.result import Partition, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.tree import cut, tree_of
from interest_platform.configuration import ClusteringSettings

EVERY_PAIR = 5_000
"""Distinct vectors up to which every pair may merge; above, only neighbours may: all distances of more take a GB."""

NEIGHBOURS = 10


class Ward:
    """Merges the two clusters whose union adds least to the squared distances to the means (Ward 1963).

    On unit vectors squared distance is 2 (1 - cosine). Each distinct vector counts once, however many users have it.
    Above `EVERY_PAIR` vectors a cluster may only merge with one that holds one of its members' 10 nearest neighbours
    (scikit-learn's connectivity): time and memory then grow with the vectors, the graph of neighbours aside. The upper
    part of the tree is kept.
    """

    def __init__(self) -> None:
        self._last: tuple[Rows, np.ndarray, np.ndarray] | None = None

    def partition(
        self, rows: Rows, settings: ClusteringSettings, progress: Progress | None, start: np.ndarray | None = None
    ) -> Partition:
        """Cut the rows' tree at the k of the settings or the k chosen; no start changes a tree."""
        choice = choose_k(rows, settings, self._fit, progress, start)
        merges, heights = self._merged(rows)
        k = min(choice.k, len(rows))
        tree = tree_of(merges, heights)
        return Partition(cut(merges, k), choice.method, choice.curve, tree=tree, k_chosen=choice.chosen)

    def _fit(self, rows: Rows, k: int, seed: int, starts: int) -> Fit:
        return Fit(cut(self._merged(rows)[0], k))

    def _merged(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Merges (m - 1, 2) and their heights; of the last rows asked for they are kept: one tree serves every k."""
        if self._last is None or self._last[0] is not rows:
            self._last = (rows, *_merges(rows.vectors))
        return self._last[1:]


def _merges(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.cluster import ward_tree
    from sklearn.neighbors import kneighbors_graph

    if len(vectors) < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    vectors = vectors.astype(np.float64)
    graph = None
    if len(vectors) > EVERY_PAIR:
        near = kneighbors_graph(vectors, NEIGHBOURS, n_jobs=1)
        graph = near + near.T
    with warnings.catch_warnings():
        # a graph in parts, of which the nearest are joined; and few vectors that scipy takes for distances
        warnings.simplefilter("ignore", UserWarning)
        children, _, _, _, heights = ward_tree(vectors, connectivity=graph, return_distance=True)
    return np.asarray(children, np.int64), np.asarray(heights)
