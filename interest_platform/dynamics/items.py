"""Evidence of what: whether two clusters' users took up the same items, where the texts have items at all."""

from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from interest_platform.dynamics.geometry import Geometry, geometry
from interest_platform.dynamics.passage import Clusters, Groups, Passage

TRUST = 0.5
"""Share of the likelihood that counts: the users who return and the texts' vectors have told part of it already."""

FEWEST_SURVIVORS = 3
"""Survivors needed to learn how far a segment's items shift in a window; with fewer, items are no evidence."""

_LARGE = 64


@dataclass(frozen=True)
class Profiles(Clusters):
    """Clusters by their items: `sizes` (k,) users of an item, summed over items; `centroids` (k, m) square roots of the
    items' shares, which are unit vectors; `counted` (k, m) users of each item.
    """

    counted: np.ndarray

    @cached_property
    def errors(self) -> np.ndarray:
        """Expected squared sampling error, (k,): the sum of the variances of sqrt(count / n), count being Poisson.

        1/4 an item for items of many users (the square root stabilises the variance, Bartlett 1936), less for rare
        ones.
        """
        known = _root_variances()[np.minimum(self.counted.astype(np.int64), _LARGE)]
        return np.asarray(known.sum(axis=1) / np.maximum(self.sizes, 1))


@dataclass(frozen=True)
class Items:
    """Log-likelihood ratios of a passage by items; 0 wherever one of the clusters has none."""

    space: Geometry

    def survive(self) -> np.ndarray:
        """(before, after): the child's items are the parent's, shifted as items shift here."""
        passage = self.space.passage
        told = (passage.before.sizes > 0)[:, None] & (passage.after.sizes > 0)
        return np.where(told, TRUST * self.space.survive(), 0.0)

    def splits(self, parent: int, groups: Groups) -> np.ndarray:
        """(groups,): the parent's items are a mixture of the children's."""
        before, after = self.space.passage.before, self.space.passage.after
        told = (before.sizes[parent] > 0) & (after.sizes[np.asarray(groups)] > 0).all(axis=1)
        return np.where(told, TRUST * self.space.splits(parent, groups), 0.0)

    def merges(self, groups: Groups, child: int) -> np.ndarray:
        """(groups,): the child's items are a mixture of the parents'."""
        before, after = self.space.passage.before, self.space.passage.after
        told = (after.sizes[child] > 0) & (before.sizes[np.asarray(groups)] > 0).all(axis=1)
        return np.where(told, TRUST * self.space.merges(groups, child), 0.0)


def items(passage: Passage, survivors: list[tuple[int, int]]) -> Items | None:
    """The evidence of items, calibrated on pairs that members and geometry hold for survivors.

    Distances are Hellinger's: straight ones between the square roots of shares, on the unit sphere, so that
    `geometry` serves with the sampling error of counts. How far items shift in a window (threads end, products go)
    is the survivors' median: where nothing of last window's items is left, all distances are alike and say nothing.
    None where there are no items or too few survivors. O(k^2 m).
    """
    if passage.items is None:
        return None
    before, after = (_profiles(counted) for counted in passage.items)
    told = [(i, j) for i, j in survivors if before.sizes[i] > 0 and after.sizes[j] > 0]
    if len(told) < FEWEST_SURVIVORS:
        return None
    shifted = replace(passage, before=before, after=after, comparable=True)
    return Items(geometry(shifted, float(np.sqrt(np.median(np.maximum(squared_steps(before, after, told), 0.02**2))))))


def squared_steps(before: Clusters, after: Clusters, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Squared distance of each pair of clusters beyond what sampling explains, (pairs,); may be negative."""
    at, to = (list(side) for side in zip(*pairs, strict=True))
    steps = ((before.centroids[at].astype(np.float64) - after.centroids[to]) ** 2).sum(axis=1)
    return np.asarray(steps - before.errors[at] - after.errors[to])


def _profiles(counted: np.ndarray) -> Profiles:
    users = counted.sum(axis=1)
    roots = np.sqrt(counted / np.maximum(users, 1e-12)[:, None])
    return Profiles(users, roots, np.ones(len(counted)), counted)


@cache
def _root_variances() -> np.ndarray:
    """Variance of the square root of a Poisson count of mean 0.._LARGE."""
    means, counts = np.arange(1.0, _LARGE + 1), np.arange(0, 4 * _LARGE)
    logs = counts * np.log(means[:, None]) - np.concatenate([[0], np.cumsum(np.log(counts[1:]))])
    chances = np.exp(logs - means[:, None])
    return np.concatenate([[0.0], means - (chances @ np.sqrt(counts)) ** 2])
