"""EASE: a linear autoencoder in closed form."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from interest_platform.errors import StrategyError
from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.known import items_known, only_known, own_items
from interest_platform.recommendation.solved import Solved

SOLVED = Solved()
"""Several strategies of a window build on the weights of the same interactions."""


@dataclass(frozen=True)
class FittedEase:
    """`weights` (w, w) float32 from an item (row) to another, of the `columns` (w,) that have interactions."""

    interactions: Interactions
    columns: np.ndarray
    weights: np.ndarray

    def of(self, matrix: csr_array) -> np.ndarray:
        """Scores of any rows of interactions (b, m), 0 in columns without interactions."""
        scores = matrix[:, self.columns] @ self.weights
        if len(self.columns) == matrix.shape[1]:
            return scores
        out = np.zeros(matrix.shape, np.float32)
        out[:, self.columns] = scores
        return out

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """X B of these users, (b, m)."""
        return only_known(self.of(self.interactions.binary[rows]), self.interactions, rows)

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """The own item with the largest weight to each."""
        own = own_items(self.interactions, row)
        places, asked = np.searchsorted(self.columns, own), np.searchsorted(self.columns, items)
        return reasons.most_alike(self.interactions.items[own], self.weights[np.ix_(places, asked)])


@dataclass(frozen=True)
class Ease:
    """Embarrassingly shallow autoencoder (Steck 2019): min |X - XB|^2 + l2 |B|^2 with diag(B) = 0.

    With P = (X'X + l2 I)^-1 and X binary: B_ij = -P_ij / P_jj. Time w^3, memory 20 w^2 bytes at its peak and 4 w^2 for
    the result, w items with interactions: above `max_items` it is refused.
    """

    l2: float = 300.0
    max_items: int = 20_000

    name = "ease"

    def fit(self, context: Context) -> FittedEase:
        """Solve. Raises `StrategyError` for a catalogue that is too large."""
        columns = np.flatnonzero(items_known(context.interactions))
        if len(columns) > self.max_items:
            raise StrategyError(
                f"ease: {len(columns)} items have interactions, at most {self.max_items} fit (memory grows with their "
                "square): use als or item-knn, or raise max_items"
            )
        weights = SOLVED.get(context.interactions, self.l2)
        if weights is None:
            weights = self._weights(context.interactions.binary[:, columns])
            SOLVED.keep(context.interactions, self.l2, weights)
        return FittedEase(context.interactions, columns, weights)

    def _weights(self, x: csr_array) -> np.ndarray:
        from scipy.linalg import lapack

        if not x.shape[1]:
            return np.zeros((0, 0), np.float32)
        gram = np.asfortranarray((x.T @ x).toarray(), np.float64)
        gram[np.diag_indices_from(gram)] += self.l2
        factor, _ = lapack.dpotrf(gram, lower=1, overwrite_a=1)
        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        diagonal = inverse.diagonal().astype(np.float32)
        weights = np.tril(inverse, -1).astype(np.float32)
        weights += weights.T.copy()
        weights /= -diagonal
        return np.ascontiguousarray(weights)
