"""From the user's interests to what items are about: works for items that nobody has dealt with."""

from dataclasses import dataclass

import numpy as np

from interest_platform.errors import StrategyError
from interest_platform.recommendation import reasons
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.known import own_items


@dataclass(frozen=True)
class FittedContent:
    """`users` (n, d) and `items` (m, d) unit vectors, rows of 0 where none is known."""

    context: Context
    users: np.ndarray
    items: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Cosines, -inf where either vector is unknown, (b, m)."""
        scores = self.users[rows] @ self.items.T
        scores[~self.users[rows].any(axis=1)] = -np.inf
        scores[:, ~self.items.any(axis=1)] = -np.inf
        return scores

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """The own item that is nearer than the user's interests are, or else the interests."""
        own = own_items(self.context.interactions, row)
        alike = self.items[own] @ self.items[items].T
        near = alike.max(axis=0, initial=-1) > self.items[items] @ self.users[row]
        told = reasons.most_alike(self.context.interactions.items[own], alike)
        return [
            words if at and words != reasons.FITS else reasons.INTEREST for words, at in zip(told, near, strict=True)
        ]


@dataclass(frozen=True)
class Content:
    """Cosine of the user's vector of interests and the item's vector.

    A user without a vector gets the mean direction of the items dealt with.
    """

    name = "content"

    def fit(self, context: Context) -> FittedContent:
        """Take the vectors. Raises `StrategyError` where items have none, or not as users have them."""
        items, users = context.item_vectors, context.user_vectors
        if items is None:
            raise StrategyError("content: there are no vectors of items: give item_vectors, or use another strategy")
        if users is not None and users.shape[1] != items.shape[1]:
            raise StrategyError(
                f"content: users' vectors have {users.shape[1]} dimensions, items' {items.shape[1]}: "
                "both must be of one encoder"
            )
        told = context.interactions.binary @ items
        length = np.linalg.norm(told, axis=1, keepdims=True)
        found = np.divide(told, length, out=np.zeros_like(told), where=length > 1e-6)
        if users is not None:
            found = np.where(users.any(axis=1, keepdims=True), users, found)
        return FittedContent(context, np.asarray(found, np.float32), np.asarray(items, np.float32))
