"""How many clusters, by splitting and joining: clusters that show two modes part, two that show one are one."""

from collections.abc import Iterator

import numpy as np

from interest_platform.clustering.lloyd import nearest, settle
from interest_platform.clustering.result import Progress
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.split_test import Cut, split_test
from interest_platform.configuration import ClusteringSettings

LEVEL = 0.01
"""p-value below which a cluster is two. The dip's null is the uniform distribution; clouds with one peak show far
smaller dips, so that false splits are much rarer than this (benchmarks/dynamics.py: streams F and K)."""

ROUNDS = 12
NEAR = 3
"""Each cluster is tried for joining with this many of its nearest."""

START_ROWS = 10
"""Rows a cluster, at least, of the fine clustering that a first window starts from."""

SAMPLE = 10_000
"""Users that are looked at, at most: hundreds for each of 40 clusters. With more, a first window ended in more clusters
than were planted (60,000 users, 12 clusters: 12 from 10,000, 19 from 20,000, 25 from all)."""

TELLING = 100
"""Users from which on a window that shows one mode is one segment; of fewer the test can't tell, and two are made."""


def split_join(
    rows: Rows, settings: ClusteringSettings, start: np.ndarray | None, progress: Progress | None
) -> np.ndarray:
    """Labels (m,) with k in `k_range` such that no cluster shows two modes and no near pair shows one.

    Begins from `start`, (s, d) unit vectors: the last window's centroids and the means of their returning members; a
    first window from many small clusters, since cutting from the top gets stuck where there are many. Joins stop at
    the smallest k allowed, splits at the largest; where the rows ask for fewer, the widest clusters are cut further.
    Of many users a sample decides, and all settle around its centroids.
    """
    seen = rows.sample(SAMPLE, settings.seed)
    labels = _SplitJoin(seen, settings.k_range).run(_start(seen, settings, start), progress)
    return labels if seen is rows else settle(rows, start=seen.directions(labels))


class _SplitJoin:
    def __init__(self, rows: Rows, k_range: tuple[int, int]) -> None:
        self._rows = rows
        low = k_range[0] if rows.total >= TELLING else max(2, k_range[0])
        self._low, self._high = min(low, k_range[1], len(rows)), k_range[1]
        self._weights = rows.counts.astype(np.float32)
        self._cuts: dict[bytes, Cut] = {}

    def run(self, labels: np.ndarray, progress: Progress | None) -> np.ndarray:
        labels = self._settle(labels)
        for done in range(ROUNDS):
            before = labels
            labels = self._split(self._join(labels))
            if progress is not None:
                progress(done + 1, ROUNDS)
            if np.array_equal(labels, before):
                break
        return self._at_least(self._join_down(labels))

    def _settle(self, labels: np.ndarray) -> np.ndarray:
        from interest_platform.clustering.kmeans import spherical_steps

        return spherical_steps(self._rows, labels, 1)

    def _cut(self, labels: np.ndarray, clusters: tuple[int, ...]) -> tuple[np.ndarray, Cut]:
        at = np.flatnonzero(np.isin(labels, clusters))
        key = at.tobytes()
        if key not in self._cuts:
            start = labels[at] == clusters[0] if len(clusters) > 1 else None
            self._cuts[key] = split_test(self._rows.vectors[at], self._weights[at], start)
        return at, self._cuts[key]

    def _pairs(self, labels: np.ndarray) -> Iterator[tuple[int, int]]:
        """Pairs of near clusters, nearest first."""
        centroids = self._rows.directions(labels)
        cosines = (centroids @ centroids.T).astype(np.float64).round(6)
        np.fill_diagonal(cosines, -2)
        k = len(cosines)
        near = np.argsort(-cosines, axis=1, kind="stable")[:, : min(NEAR, k - 1)]
        pairs = {(min(a, int(b)), max(a, int(b))) for a in range(k) for b in near[a]}
        yield from sorted(pairs, key=lambda pair: (-cosines[pair], pair))

    def _join(self, labels: np.ndarray) -> np.ndarray:
        """Join until every near pair shows two modes or k is at its smallest."""
        while (k := int(labels.max()) + 1) > self._low:
            joined: set[int] = set()
            labels = labels.copy()
            for a, b in self._pairs(labels):
                if k - len(joined) // 2 <= self._low:
                    break
                if not joined & {a, b} and self._cut(labels, (a, b))[1].p_value >= LEVEL:
                    labels[labels == b] = a
                    joined |= {a, b}
            if not joined:
                break
            labels = self._settle(labels)
        return labels

    def _split(self, labels: np.ndarray) -> np.ndarray:
        k = parts = int(labels.max()) + 1
        labels = labels.copy()
        for cluster in range(k):
            if parts >= self._high:
                break
            at, cut = self._cut(labels, (cluster,))
            if cut.p_value < LEVEL:
                labels[at[cut.side]] = parts
                parts += 1
        return self._settle(labels)

    def _join_down(self, labels: np.ndarray) -> np.ndarray:
        """Join nearest clusters until k is allowed: a start may have more than `k_range` does."""
        while int(labels.max()) + 1 > self._high:
            a, b = next(self._pairs(labels))
            labels = self._settle(np.where(labels == b, a, labels))
        return labels

    def _at_least(self, labels: np.ndarray) -> np.ndarray:
        """Cut the cluster that gains most by it until k is the smallest allowed, or nothing can be cut."""
        while (k := int(labels.max()) + 1) < self._low:
            cuts = [(c, *self._cut(labels, (c,))) for c in range(k)]
            gains = [self._gain(at, cut.side) for _, at, cut in cuts]
            if max(gains) <= 0:
                from interest_platform.clustering.kmeans import spherical_steps

                return spherical_steps(self._rows, labels, self._low)
            _, at, cut = cuts[int(np.argmax(gains))]
            labels = labels.copy()
            labels[at[cut.side]] = k
            settled = self._settle(labels)
            if int(settled.max()) + 1 <= k:
                return labels
            labels = settled
        return labels

    def _gain(self, at: np.ndarray, side: np.ndarray) -> float:
        """Gain of a cut in the sum of cosines."""
        vectors, weights = self._rows.vectors[at], self._weights[at]
        parts = sum(float(np.linalg.norm(weights[s] @ vectors[s])) for s in (side, ~side))
        return round(parts - float(np.linalg.norm(weights @ vectors)), 3) if side.any() else 0.0


def _start(rows: Rows, settings: ClusteringSettings, start: np.ndarray | None) -> np.ndarray:
    if start is None or not len(start):
        start = _fine(rows, settings)
    return nearest(rows, start)


def _fine(rows: Rows, settings: ClusteringSettings) -> np.ndarray:
    """Centroids of a fine k-means."""
    from interest_platform.clustering.kmeans import kmeans_labels

    k = max(1, min(settings.k_range[1], len(rows) // START_ROWS))
    return rows.directions(kmeans_labels(rows, k, settings.seed, 2))
