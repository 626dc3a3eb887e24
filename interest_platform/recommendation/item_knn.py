"""Item-based nearest neighbours."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.known import own_items, users_of

BLOCK = 512
"""Items whose neighbours are sought at a time: all pairs that have a user in common are in memory for so many only."""


@dataclass(frozen=True)
class FittedItemKnn:
    """`similarity` (m, m): how alike the column's neighbours (rows) are to it."""

    interactions: Interactions
    similarity: csr_array

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The sum of the similarities to the user's own items, -inf where none is a neighbour, (b, m)."""
        scores = (self.interactions.binary[rows] @ self.similarity).toarray()
        scores[scores == 0] = -np.inf
        return scores

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """The most similar of the user's own items."""
        own = own_items(self.interactions, row)
        return reasons.most_alike(self.interactions.items[own], self.similarity[own][:, items].toarray())


@dataclass(frozen=True)
class ItemKnn:
    """Cosine with shrinkage: n_ij / (sqrt(n_i n_j) + shrinkage), n being distinct users (Sarwar et al. 2001; the
    shrinkage of Bell and Koren 2007: a similarity that few users vouch for counts less).

    Each item keeps its `neighbours` nearest. Where more are equally near than there is room for, none of those is
    kept: which to drop could only be told by their names.
    """

    neighbours: int = 100
    shrinkage: float = 10.0

    name = "item-knn"

    def fit(self, context: Context) -> FittedItemKnn:
        """Similarities of all pairs of items in blocks, the nearest kept."""
        by_user, m = context.interactions.binary, len(context.interactions.items)
        by_item, users = by_user.T.tocsr(), users_of(context.interactions)
        nearest = [
            self._nearest(by_item[start : start + BLOCK] @ by_user, start, users) for start in range(0, m, BLOCK)
        ]
        similarity = vstack(nearest).T if nearest else csr_array((m, m), dtype=np.float32)
        return FittedItemKnn(context.interactions, csr_array(similarity))

    def _nearest(self, common: csr_array, start: int, users: np.ndarray) -> csr_array:
        """Of the items from `start` on, given the users they have in common with all, (block, m)."""
        common = common.tocoo()
        item, other = common.coords[0] + start, common.coords[1]
        different = item != other
        item, other = item[different], other[different]
        alike = common.data[different] / (np.sqrt(users[item].astype(float) * users[other]) + self.shrinkage)
        order = np.lexsort((-alike, item))
        item, other, alike = item[order], other[order], alike[order]
        place = np.arange(len(item)) - np.searchsorted(item, item)
        over = np.zeros(common.shape[0])  # the similarity of the first that has no place; its equals have none either
        crowded = place == self.neighbours
        over[item[crowded] - start] = alike[crowded]
        kept = alike > over[item - start]
        return csr_array((alike[kept].astype(np.float32), (item[kept] - start, other[kept])), shape=common.shape)
