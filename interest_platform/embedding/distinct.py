"""Equal texts are encoded once, in an order of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distinct:
    """The different ones among n texts, sorted: what shares a batch does not depend on the order the texts came in."""

    texts: list[str]
    """The m different texts."""
    rows: np.ndarray
    """(n,) int64: which of `texts` each of the n is."""
    counts: np.ndarray
    """(m,) int64: how often each of `texts` is among the n."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Distinct":
        """Of any texts, also of none."""
        distinct = sorted(set(texts))
        place = {text: i for i, text in enumerate(distinct)}
        rows = np.fromiter((place[text] for text in texts), dtype=np.int64, count=len(texts))
        return cls(distinct, rows, np.bincount(rows, minlength=len(distinct)))

    def times(self, which: np.ndarray | slice) -> int:
        """How many of the n texts these of `texts` are."""
        return int(self.counts[which].sum())
