"""What every strategy is."""

from typing import Protocol

import numpy as np

from interest_platform.recommendation.context import Context


class Fitted(Protocol):
    """A strategy that has learned from a context; rows and columns are the context's."""

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Of the users in these rows (b,) for every item: (b, m) float32, larger is better, -inf: not to be shown.

        Users' own items are scored too; leaving them out is for the list. Scores of a user depend on no other rows.
        """
        ...

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """Why each of these items (columns) is shown to the user of this row, in a few words for people."""
        ...


class Strategy(Protocol):
    """A way to recommend."""

    name: str

    def fit(self, context: Context) -> Fitted:
        """Learn; the same context gives the same scores. Nothing but the context may be read."""
        ...
