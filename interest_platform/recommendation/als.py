"""Implicit alternating least squares."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.interactions import Interactions
from interest_platform.recommendation.known import only_known, own_items, users_of


@dataclass(frozen=True)
class FittedAls:
    """Factors of users (n, f) and items (m, f), float32."""

    interactions: Interactions
    users: np.ndarray
    items: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The products of the factors, (b, m)."""
        return only_known(self.users[rows] @ self.items.T, self.interactions, rows)

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """The own item whose factors are nearest by cosine."""
        own = own_items(self.interactions, row)
        norms = np.maximum(np.linalg.norm(self.items, axis=1), 1e-12)
        alike = (self.items[own] / norms[own, None]) @ (self.items[items] / norms[items, None]).T
        return reasons.most_alike(self.interactions.items[own], alike)


@dataclass(frozen=True)
class Als:
    """iALS (Hu, Koren and Volinsky 2008) by the library `implicit`: what a user dealt with is 1 with confidence alpha,
    all else 0 with confidence 1.

    One thread, double precision, and a start that depends on nothing but the seed and the users: users' factors are
    drawn, an item starts at the mean of its users'. Items drawn by their place would get other factors for another
    name, and single precision lets the order of sums be seen.
    """

    factors: int = 64
    regularization: float = 10.0
    alpha: float = 1.0
    iterations: int = 15
    seed: int = 0

    name = "als"

    def fit(self, context: Context) -> FittedAls:
        """Alternate for a fixed number of iterations."""
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        x, n = context.interactions.binary, len(context.interactions.users)
        users = np.random.default_rng(self.seed).random((n, self.factors)) * 0.01
        items = (x.T @ users) / np.maximum(users_of(context.interactions), 1)[:, None]
        if not x.nnz:
            return FittedAls(context.interactions, users.astype(np.float32), items.astype(np.float32))
        with threadpool_limits(limits=1, user_api="blas"):
            model = AlternatingLeastSquares(
                self.factors,
                self.regularization,
                self.alpha,
                dtype=np.float64,
                iterations=self.iterations,
                num_threads=1,
                random_state=self.seed,
            )
            model.user_factors, model.item_factors = users, items
            model.fit(csr_matrix(x), show_progress=False)
        return FittedAls(
            context.interactions, model.user_factors.astype(np.float32), model.item_factors.astype(np.float32)
        )
