"""Whether rows are one cluster or two: is their held-out projection on the best cut unimodal?"""

from dataclasses import dataclass

import numpy as np

FOLDS = 4
"""Parts of the rows: the cut is fitted on all but one, which is then projected."""

FEWEST = 8
"""Rows that can show two modes at all."""

MOST = 8_000
"""Rows looked at: enough for any split worth a segment, and a bound on time."""

BESIDE = 2
"""Rows of the larger side, for each of the smaller, that are looked at beside it."""

_STEPS = 15


@dataclass(frozen=True)
class Cut:
    """The best cut in two: `side` (n,) bool, and the p-value of one mode across it (1 where there is no cut)."""

    p_value: float
    side: np.ndarray


def split_test(vectors: np.ndarray, weights: np.ndarray, start: np.ndarray | None = None) -> Cut:
    """Test n unit vectors, (n, d) with (n,) weights, for two modes along the direction of their 2-means.

    For each of four folds the direction between the two means is fitted on the other three and the fold projected on
    it, so that no row is judged by a cut it has shaped: fitted on the rows themselves, the two halves of any cloud in
    many dimensions lie apart. Hartigan's dip of all projections (Hartigan and Hartigan 1985) is then compared with
    that of the uniform distribution, the least favourable of all unimodal ones: long tails, stretched and skewed
    clouds stay one. `start` is a cut to begin from beside the first principal direction.
    """
    n = len(vectors)
    none = Cut(1.0, np.zeros(n, bool))
    if n < FEWEST:
        return none
    if n > MOST:
        return _on_sample(vectors, weights, start)
    whole = _best_cut(vectors, weights, [start])
    if whole is None:
        return none
    direction, side = whole
    projected, fold = np.empty(n), np.arange(n) % FOLDS
    for i in range(FOLDS):
        rest = fold != i
        fitted = _best_cut(vectors[rest], weights[rest], [side[rest]])
        if fitted is None:
            return Cut(1.0, side)
        towards = fitted[0] if fitted[0] @ direction >= 0 else -fitted[0]
        projected[~rest] = vectors[~rest] @ (towards / np.linalg.norm(towards))
    return Cut(_one_mode(projected), side)


def _one_mode(projected: np.ndarray) -> float:
    """p-value of one mode in (n,) projections whose cut is at 0.

    A small group beside a large one hardly dips. So the small side is also looked at with the nearest `BESIDE` times as
    many of the large one alone: whatever is unimodal stays so when it is cut off at a point. Two looks, so twice the
    smaller p-value (Bonferroni).
    """
    values = np.sort(projected)
    below = int(np.searchsorted(values, 0.0, side="right"))
    few = min(below, len(values) - below)
    near = few * (1 + BESIDE)
    if near >= len(values) or near < FEWEST:
        return _dip_p_value(values)
    beside = values[:near] if below == few else values[-near:]
    return min(1.0, 2 * min(_dip_p_value(values), _dip_p_value(beside)))


def _dip_p_value(values: np.ndarray) -> float:
    import diptest

    return float(diptest.diptest(values)[1])


def _on_sample(vectors: np.ndarray, weights: np.ndarray, start: np.ndarray | None) -> Cut:
    """Every m-th row is tested (rows are in the order of their content), and all are cut by what the sample shows."""
    step = -(-len(vectors) // MOST)
    cut = split_test(vectors[::step], weights[::step], None if start is None else start[::step])
    fitted = _two_means(vectors[::step], weights[::step], cut.side)
    return Cut(cut.p_value, vectors @ fitted[0] > 0) if fitted else Cut(1.0, np.zeros(len(vectors), bool))


def _best_cut(
    vectors: np.ndarray, weights: np.ndarray, starts: list[np.ndarray | None]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Direction and sides of the 2-means with the largest sum of cosines; None where nothing can be cut."""
    fits = [_two_means(vectors, weights, s) for s in (*starts, _principal_sides(vectors, weights)) if s is not None]
    found = [fit for fit in fits if fit is not None]
    return max(found, key=lambda fit: _cosines(vectors, weights, fit[1])) if found else None


def _cosines(vectors: np.ndarray, weights: np.ndarray, side: np.ndarray) -> float:
    """The sum of the cosines of all rows to the centroid of their side; rounded, so that ties are ties."""
    return round(sum(_length(weights[s] @ vectors[s]) for s in (side, ~side)), 4)


def _two_means(vectors: np.ndarray, weights: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    direction = np.zeros(vectors.shape[1], vectors.dtype)
    for _ in range(_STEPS):
        if side.all() or not side.any():
            return None
        one, other = weights[side] @ vectors[side], weights[~side] @ vectors[~side]
        lengths = _length(one), _length(other)
        if min(lengths) == 0:
            return None
        direction = one / lengths[0] - other / lengths[1]
        new = vectors @ direction > 0
        if (new == side).all():
            break
        side = new
    return None if side.all() or not side.any() else (direction, side)


def _principal_sides(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sides of the first principal direction, by power iteration from the row farthest from the mean."""
    centred = vectors - (weights @ vectors) / weights.sum()
    direction = centred[np.argmax(np.einsum("ij,ij->i", centred, centred).round(5))]
    for _ in range(_STEPS):
        direction = (weights * (centred @ direction)) @ centred
        direction = direction / max(_length(direction), 1e-12)
    return np.asarray(centred @ direction > 0)


def _length(vector: np.ndarray) -> float:
    """As `np.linalg.norm`, whose checks take several times as long as the sum."""
    return float(np.sqrt(vector @ vector))
