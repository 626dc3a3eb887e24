"""Evidence of where: how far centroids are from each other, against what unrelated clusters show."""

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

import numpy as np

from interest_platform.dynamics.passage import Groups, Passage

SCALE, FREEDOM = 0.2, 4.0
"""Spread and tails of the log of a distance: Student t, so that one far drift is no proof of another segment."""

STRANGE = 0.003
"""Probability that a segment jumps as if it were unrelated: bounds what geometry can say against members."""

MIXES = np.linspace(0.25, 0.75, 11)
"""Shares of the one part in the whole; a free share would turn every death into a merge of weight .02."""

FIRST_DRIFT = 0.1
"""Distance a centroid drifts a window where nothing is known yet (chord on the unit sphere)."""

_FLOOR = 0.05


@dataclass(frozen=True)
class Reference:
    """Log-distances of unrelated clusters: their median and spread."""

    location: float
    spread: float

    def log_density(self, distances: np.ndarray) -> np.ndarray:
        """Of log-distances; all beyond the median count as the median."""
        return _student((np.minimum(_log(distances), self.location) - self.location) / self.spread) - np.log(
            self.spread
        )


@dataclass(frozen=True)
class Geometry:
    """Log-likelihood ratios of a pair of windows, linked against unrelated, for a drift of `drift` a window."""

    passage: Passage
    drift: float
    pairs: Reference
    arcs: Reference

    def survive(self) -> np.ndarray:
        """(before, after): the child's centroid is the parent's, moved by drift and sampling error."""
        if not self.passage.comparable:
            return np.zeros(self.passage.flows.shape)
        distances = chords(self.passage.before.centroids, self.passage.after.centroids)
        errors = self.passage.before.errors[:, None] + self.passage.after.errors
        return self._ratio(distances, errors, self.pairs)

    def splits(self, parent: int, groups: Groups) -> np.ndarray:
        """(groups,): the parent's centroid lies on the arc (or in the triangle) between those of the children."""
        if not self.passage.comparable:
            return np.zeros(len(groups))
        before, after = self.passage.before, self.passage.after
        return self._wholes(before.errors[parent], parent, groups, after.errors, self._forth)

    def merges(self, groups: Groups, child: int) -> np.ndarray:
        """(groups,): the child's centroid lies between those of the parents."""
        if not self.passage.comparable:
            return np.zeros(len(groups))
        before, after = self.passage.before, self.passage.after
        return self._wholes(after.errors[child], child, groups, before.errors, self._back)

    @cached_property
    def _forth(self) -> "Cosines":
        return cosines_of(self.passage.before.centroids, self.passage.after.centroids)

    @cached_property
    def _back(self) -> "Cosines":
        return cosines_of(self.passage.after.centroids, self.passage.before.centroids)

    def _wholes(self, error: float, whole: int, groups: Groups, errors: np.ndarray, cosines: "Cosines") -> np.ndarray:
        sampling = error + np.einsum("gp,mp->gm", errors[np.asarray(groups)], mixes(len(groups[0])) ** 2)
        # the nearest point of the arc alone, at the price of one choice among the mixes
        return _log_mean_exp(self._ratio(cosines.arc_distances(whole, groups), sampling, self.arcs))

    def _ratio(self, distances: np.ndarray, errors: np.ndarray, unrelated: Reference) -> np.ndarray:
        expected = np.sqrt(self.drift**2 + errors)
        beyond = np.maximum(_log(distances) - np.log(expected), 0)
        linked = _student(beyond / SCALE) - np.log(SCALE)
        null = unrelated.log_density(distances)
        return np.logaddexp(np.log(1 - STRANGE) + linked - null, np.log(STRANGE))


def geometry(passage: Passage, drift: float) -> Geometry:
    """The geometry of a passage; what unrelated clusters show is taken from clusters of one and the same window."""
    sides = [passage.before.centroids, passage.after.centroids]
    pairs = [chords(c, c)[np.triu_indices(len(c), 1)] for c in sides]
    arcs = [_triples(c) for c in sides]
    return Geometry(passage, drift, _reference(np.concatenate(pairs)), _reference(np.concatenate(arcs)))


def chords(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Straight distances between unit vectors, (m, d) and (n, d) to (m, n), 0..2."""
    cosines = one.astype(np.float64) @ other.astype(np.float64).T
    return np.sqrt(np.maximum(2 - 2 * cosines, 0))


@dataclass(frozen=True)
class Cosines:
    """Cosines of m wholes to n parts, (m, n), and of the parts among each other, (n, n)."""

    across: np.ndarray
    parts: np.ndarray

    def arc_distances(self, whole: int, groups: Groups) -> np.ndarray:
        """Distance of a whole to the points between the parts of each group, (groups, mixes)."""
        at, weights = np.asarray(groups), mixes(len(groups[0]))
        among = self.parts[at[:, :, None], at[:, None, :]]
        lengths = np.sqrt(np.maximum(np.einsum("mp,gpq,mq->gm", weights, among, weights), 1e-18))
        along = np.einsum("gp,mp->gm", self.across[whole][at], weights)
        return np.sqrt(np.maximum(2 - 2 * along / lengths, 0))


def cosines_of(wholes: np.ndarray, parts: np.ndarray) -> Cosines:
    """Of unit vectors (m, d) and (n, d)."""
    wholes, parts = wholes.astype(np.float64), parts.astype(np.float64)
    return Cosines(wholes @ parts.T, parts @ parts.T)


@cache
def mixes(parts: int) -> np.ndarray:
    """Weights of 2 or more parts, (mixes, parts), each at least .15, sum 1."""
    if parts == 2:
        return np.stack([MIXES, 1 - MIXES], axis=1)
    whole, least = 13, 2  # thirteenths: the same for the parts in any order
    grid = np.array([p for p in product(range(least, whole), repeat=parts - 1) if sum(p) <= whole - least])
    return np.column_stack([grid, whole - grid.sum(axis=1)]) / whole


def _triples(centroids: np.ndarray) -> np.ndarray:
    """Distance of each cluster to the arc between each two others of its window, (k (k - 1) (k - 2) / 2,)."""
    k = len(centroids)
    one, other = np.triu_indices(k, 1)
    cosines, weights = centroids.astype(np.float64) @ centroids.T.astype(np.float64), mixes(2)
    lengths = np.sqrt(
        np.maximum((weights**2).sum(axis=1) + 2 * weights.prod(axis=1) * cosines[one, other][:, None], 1e-18)
    )
    along = weights[:, 0] * cosines[:, one, None] + weights[:, 1] * cosines[:, other, None]
    nearest = np.sqrt(np.maximum(2 - 2 * along / lengths, 0)).min(axis=2, initial=2.0)
    third = (np.arange(k)[:, None] != one) & (np.arange(k)[:, None] != other)
    return np.asarray(nearest[third])


def _reference(distances: np.ndarray) -> Reference:
    if not len(distances):
        return Reference(0.0, 0.3)  # one cluster in each window: nothing to compare with; about a right angle
    logs = _log(distances)
    median = float(np.median(logs))
    return Reference(median, max(float(1.4826 * np.median(np.abs(logs - median))), _FLOOR))


def _log(distances: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(distances, 1e-6))


def _student(t: np.ndarray) -> np.ndarray:
    """Log-density of Student's t, up to a constant that cancels in every ratio."""
    return -(FREEDOM + 1) / 2 * np.log1p(t * t / FREEDOM)


def _log_mean_exp(values: np.ndarray) -> np.ndarray:
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).mean(axis=1)))
