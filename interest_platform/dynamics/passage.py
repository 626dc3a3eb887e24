"""What the tracker sees of two windows in a row: sizes, centroids, cohesion, and who went where."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Groups = Sequence[tuple[int, ...]]
"""Groups of as many clusters each, at least one group: all are weighed at once."""


@dataclass(frozen=True)
class Clusters:
    """The k clusters of a window, or dormant segments: `sizes` (k,) members, `centroids` (k, d) unit vectors,
    `cohesion` (k,) mean cosine of the members to the centroid.
    """

    sizes: np.ndarray
    centroids: np.ndarray
    cohesion: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    @cached_property
    def errors(self) -> np.ndarray:
        """Expected squared sampling error of each centroid, (k,).

        The mean of n unit vectors with resultant length R has total variance (1 - R^2) / n; its direction's squared
        error is that over R^2 (Mardia and Jupp 2000, 9.3).
        """
        length = np.clip(self.cohesion, 0.05, 1.0)
        return (1 - length**2) / (length**2 * np.maximum(self.sizes, 1))


@dataclass(frozen=True)
class Passage:
    """From one window into the next: `flows` (before, after) counts users present in both, by weight.

    `comparable` tells whether the centroids are of one encoder; else only members (and items) are evidence. `items`,
    where there are any, counts users of each item, (before, m) and (after, m). `users` counts the clusters' users as
    `flows` does, (before,) and (after,), where that is not their sizes: sizes count interests.
    """

    before: Clusters
    after: Clusters
    flows: np.ndarray
    comparable: bool = True
    items: tuple[np.ndarray, np.ndarray] | None = None
    users: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def users_before(self) -> np.ndarray:
        """Users of each cluster before, (before,), by weight."""
        return self.before.sizes if self.users is None else self.users[0]

    @property
    def users_after(self) -> np.ndarray:
        """Users of each cluster after, (after,), by weight."""
        return self.after.sizes if self.users is None else self.users[1]
