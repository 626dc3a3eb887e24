"""Whether k clusters come again: each half of the users clustered alone, and the one used to predict the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from interest_platform.clustering.rows import Rows

SPLITS = 5
"""How often the users are halved; each half is tested once in each, so that ten numbers are averaged."""


@dataclass(frozen=True)
class Stability:
    """Mean adjusted Rand index, mean prediction strength, and the latter's standard error."""

    rand: float
    strength: float
    strength_error: float


def halves(rows: Rows, seed: int) -> list[tuple[Rows, Rows]]:
    """The users' rows cut in two at random, `SPLITS` times; two rows at least."""
    rng, numbers = np.random.default_rng(seed), rows.repeated
    drawn = [rng.permutation(numbers) for _ in range(SPLITS)]
    middle = len(numbers) // 2
    return [(rows.taken(order[:middle]), rows.taken(order[middle:])) for order in drawn]


def stability(pairs: Sequence[tuple[Rows, Rows]], labels_of: Callable[[Rows], np.ndarray]) -> Stability:
    """Each half is labelled by its own clustering and by the nearest centroid of the other half's.

    Agreement of the two labellings by the adjusted Rand index (Hubert and Arabie 1985) and by prediction strength
    (Tibshirani and Walther 2005).
    """
    from sklearn.metrics import adjusted_rand_score

    rand, strengths = [], []
    for pair in pairs:
        own = [labels_of(half) for half in pair]
        centroids = [half.directions(labels) for half, labels in zip(pair, own, strict=True)]
        for tested, training in ((0, 1), (1, 0)):
            predicted = (pair[tested].vectors @ centroids[training].T).argmax(axis=1)
            everyone = pair[tested].repeated
            rand.append(adjusted_rand_score(own[tested][everyone], predicted[everyone]))
            strengths.append(prediction_strength(own[tested][everyone], predicted[everyone]))
    error = np.std(strengths, ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else 0.0
    return Stability(float(np.mean(rand)), float(np.mean(strengths)), float(error))


def prediction_strength(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Over the clusters of `labels`, the least share of pairs of a cluster that are together in `predicted`, too.

    A cluster of one has no pair and says nothing; with no pair at all 0.

    >>> prediction_strength(np.array([0, 0, 0, 1, 1]), np.array([5, 5, 6, 7, 7]))
    0.3333333333333333
    """
    table = np.zeros((int(labels.max()) + 1, int(predicted.max()) + 1))
    np.add.at(table, (labels, predicted), 1)
    sizes = table.sum(axis=1)
    kept = sizes > 1
    together = (table[kept] * (table[kept] - 1)).sum(axis=1)
    return float((together / (sizes[kept] * (sizes[kept] - 1))).min()) if kept.any() else 0.0
