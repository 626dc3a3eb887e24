"""Strategies blended by weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from interest_platform.errors import StrategyError
from interest_platform.recommendation.context import Context
from interest_platform.recommendation.standard import z_scores
from interest_platform.recommendation.strategies import load_strategy
from interest_platform.recommendation.strategy import Fitted

DEFAULT_WEIGHTS = {"ease": 1.0, "decayed-popular": 1.0, "trending": 1.0}
"""Where no past windows are there to learn from; docs/benchmarks.md has what learned ones are worth beside these."""


@dataclass(frozen=True)
class FittedHybrid:
    """Strategies (s) and their weights (s,), larger than 0."""

    parts: tuple[Fitted, ...]
    weights: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The blend, (b, m)."""
        return blend([z_scores(part.scores(rows)) for part in self.parts], self.weights)

    def reasons(self, row: int, items: np.ndarray) -> list[str]:
        """Of the strategy that gives the item most."""
        given = [
            w * z_scores(p.scores(np.array([row])))[0, items] for p, w in zip(self.parts, self.weights, strict=True)
        ]
        most = np.argmax(given, axis=0)
        words = np.empty(len(items), object)
        for place, part in enumerate(self.parts):
            if (most == place).any():
                words[most == place] = part.reasons(row, items[most == place])
        return words.tolist()


@dataclass(frozen=True)
class Hybrid:
    """The sum of the strategies' z-scores by weights of at least 0; strategies by their name.

    `learning.learn_weights` finds weights on past windows.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)

    name = "hybrid"

    def fit(self, context: Context) -> FittedHybrid:
        """Fit all with a weight. Raises `StrategyError` for weights below 0, not finite, or all 0."""
        wrong = {name: w for name, w in self.weights.items() if not 0 <= w < np.inf}
        if wrong or not any(self.weights.values()):
            raise StrategyError(
                f"hybrid: weights are {wrong or dict(self.weights)}: each must be at least 0, one above"
            )
        used = {name: w for name, w in self.weights.items() if w}
        return FittedHybrid(
            tuple(load_strategy(name).fit(context) for name in used), np.array(list(used.values()), np.float32)
        )


def blend(standard: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Weighted sum of (b, m) z-scores; one that says nothing of an item says 0, the mean; all: -inf."""
    scores = np.zeros_like(standard[0], np.float32)
    known = np.zeros(scores.shape, bool)
    for z, weight in zip(standard, weights, strict=True):
        if weight:
            finite = np.isfinite(z)
            scores += np.where(finite, np.float32(weight) * np.where(finite, z, 0), 0)
            known |= finite
    return np.where(known, scores, -np.inf)
