"""How many clusters: every k of a range clustered once on a sample of users, and a rule that chooses among them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from interest_platform.clustering.gap import gap, references
from interest_platform.clustering.marked import cloud, markedness
from interest_platform.clustering.membership import own_cosines
from interest_platform.clustering.result import CurvePoint, Progress
from interest_platform.clustering.rows import Rows
from interest_platform.clustering.rules import RULES, knee
from interest_platform.clustering.silhouette import cosine_silhouette
from interest_platform.clustering.split_join import TELLING, split_join
from interest_platform.clustering.stability import halves, stability
from interest_platform.configuration import ClusteringSettings
from interest_platform.numerics.blocks import side_by_side

CURVE_STARTS = 3
"""Starts a k on the curve: k-means++ rarely needs more to rank the k; the chosen k gets all of `n_init`."""

TWICE = 2.0
"""How much more marked than the split test's clusters others have to be to take their place (one cluster has 1). One
cloud alone shows .3 to 1.3 (planted ones, some with long tails or stretched), planted segments 2.4 to 5.6, labelled
texts at the knee 1.5 to 4.8."""

PLAIN = 3.0
"""Markedness from which on no other clusters are looked at: none that were measured would be `TWICE` as marked."""

STILL = 1.5
"""The same for the last window's clusters to stay: less than `TWICE`, so that a window near the limit turns nothing."""

CLEARLY = 1.25
"""How much more marked fresh clusters have to be before the last window's are given up."""

AS_MARKED = 1.1
"""The same where the last window's are finer by more than `NEAR_K` clusters: no birth or split of this window, so what
the test finds now is a coarser look at the same users, and taking it would merge segments that are still there."""

NEAR_K = 2
"""How many clusters more or fewer than in the last window are tried before the whole curve is."""

REFERENCE_STARTS = 1
"""Starts on vectors without clusters, of which there are many: one start is as good as another."""


@dataclass(frozen=True)
class Fit:
    """Rows clustered with a given k: labels (m,), each of 0..j-1 used, j <= k, and the BIC where there is one."""

    labels: np.ndarray
    bic: float | None = None


Fitter = Callable[[Rows, int, int, int], Fit]
"""(rows, k, seed, starts) to a fit."""


@dataclass(frozen=True)
class Choice:
    """A k, why this one, and the curve it was chosen from; `labels` (m,) where the rule has clustered all rows."""

    k: int
    method: str
    curve: tuple[CurvePoint, ...] = ()
    labels: np.ndarray | None = None

    @property
    def chosen(self) -> int | None:
        """The k where it was chosen from the curve."""
        return self.k if self.curve else None


def choose_k(
    rows: Rows, settings: ClusteringSettings, fitter: Fitter, progress: Progress | None, start: np.ndarray | None
) -> Choice:
    """The k of the settings, or the one that their rule chooses; at most the number of distinct vectors."""
    if settings.k != "auto":
        return Choice(min(settings.k, len(rows)), "fixed")
    if settings.window_rule == "split_test":
        return _split(settings.window_rule, split_join(rows, settings, start, progress))
    if settings.window_rule == "split_or_knee":
        return _split_or_knee(rows, settings, fitter, progress, start)
    curve = k_curve(rows, settings, fitter, {settings.window_rule}, progress)
    return Choice(RULES[settings.window_rule](curve) if curve else 1, settings.window_rule, curve)


def _split_or_knee(
    rows: Rows, settings: ClusteringSettings, fitter: Fitter, progress: Progress | None, start: np.ndarray | None
) -> Choice:
    """The split test's clusters, unless those at the knee of inertia are `TWICE` as marked.

    The last window's, from where they are now, stand where they are `STILL` times as marked as the split test's, as
    long as those at the knee are not `CLEARLY` more marked; the knee is looked for where a clustering with nearly as
    many as the last window's is. Clusters that are cut only because `k_range` asks for so many are no finding: what
    counts is what the test finds without that. The method says after a colon which it was: split, last or knee.
    """
    rule, split = settings.window_rule, f"{settings.window_rule}: split"
    if rows.total < TELLING:
        return _split(split, split_join(rows, settings, start, progress))
    low, high = settings.k_range
    labels = split_join(rows, settings.model_copy(update={"k_range": (1, high)}), start, progress)
    beside, found_enough = _Beside(rows, settings, fitter), int(labels.max()) + 1 >= low
    found = beside.marked(labels)
    last = None if start is None else _last_clusters(rows, start, settings)
    finer = last is not None and int(last.max()) > int(labels.max()) + NEAR_K
    if found >= PLAIN and found_enough and not finer:
        return _split(split, labels)
    held, still = 0.0 if last is None else beside.marked(last), AS_MARKED if finer else STILL
    if last is not None and held >= still * found:
        k = int(last.max()) + 1
        near = range(max(low, k - NEAR_K, 2), min(high, k + NEAR_K, len(beside.sample) - 1) + 1)
        if all(marked < CLEARLY * held for marked in side_by_side(beside.marked_at, near)):
            return Choice(k, f"{rule}: last", labels=last)
    curve = k_curve(rows, settings, fitter, {"elbow"}, progress)
    k = knee(curve) if curve else 1
    at_knee = beside.marked_at(k)
    if last is not None and held >= max(still * found, at_knee / CLEARLY):
        return Choice(int(last.max()) + 1, f"{rule}: last", curve, last)
    if at_knee >= TWICE * found:
        return Choice(k, f"{rule}: knee", curve)
    return _split(split, labels if found_enough else split_join(rows, settings, start, progress), curve)


def _split(method: str, labels: np.ndarray, curve: tuple[CurvePoint, ...] = ()) -> Choice:
    return Choice(int(labels.max()) + 1, method, curve, labels)


def _last_clusters(rows: Rows, start: np.ndarray, settings: ClusteringSettings) -> np.ndarray | None:
    """The last window's clusters, settled from their centroids or from their returning members, whichever fits better.

    None where they are a single one, or not as many as `k_range` allows.
    """
    from interest_platform.clustering.kmeans import spherical_steps

    half = (len(start) + 1) // 2
    settled = [
        spherical_steps(rows, (rows.vectors @ part.T.astype(np.float32)).argmax(axis=1), half)
        for part in (start[:half], start[half:])
        if len(part)
    ]
    best = max(settled, key=lambda labels: float(np.linalg.norm(rows.sums(labels), axis=1).sum()))
    return best if max(settings.k_range[0], 2) <= best.max() + 1 <= settings.k_range[1] else None


class _Beside:
    """How marked clusterings are: on a sample of the rows, beside the cloud of its covariance."""

    def __init__(self, rows: Rows, settings: ClusteringSettings, fitter: Fitter) -> None:
        self._rows, self._seed, self._fitter = rows, settings.seed, fitter
        self._starts = min(CURVE_STARTS, settings.n_init)
        self.sample = rows.sample(settings.sample, settings.seed)
        self._cloud = cloud(self.sample, settings.seed)

    def marked(self, labels: np.ndarray) -> float:
        """Markedness of a clustering of all rows."""
        nearest = (self.sample.vectors @ self._rows.directions(labels).T).argmax(axis=1)
        return self._beside_cloud(np.unique(nearest, return_inverse=True)[1])

    def marked_at(self, k: int) -> float:
        """Markedness of a clustering of the sample with k clusters."""
        return self._beside_cloud(self._fitter(self.sample, k, self._seed, self._starts).labels)

    def _beside_cloud(self, labels: np.ndarray) -> float:
        from interest_platform.clustering.kmeans import kmeans_labels

        k = min(int(labels.max()) + 1, len(self._cloud))
        return markedness(self.sample, labels, self._cloud, kmeans_labels(self._cloud, k, self._seed, REFERENCE_STARTS))


def k_curve(
    rows: Rows, settings: ClusteringSettings, fitter: Fitter, rules: Collection[str], progress: Progress | None = None
) -> tuple[CurvePoint, ...]:
    """A point for every k of `k_range`, with all that the rules choose by.

    Silhouette, inertia and BIC come of one clustering a k; gap and stability take clusterings of their own, and are
    measured where asked for. The range is lowered to what can be scored: at most n - 1 and the number of distinct
    vectors of the sample, at least 2 where silhouette chooses. The curve is empty where nothing can be scored.
    """
    sample = rows.sample(settings.sample, settings.seed)
    least = 2 if set(rules) == {"silhouette"} else 1
    high = min(settings.k_range[1], sample.total - 1, len(sample))
    tried = range(max(least, min(settings.k_range[0], high)), high + 1)
    measure = _Measures(sample, settings, fitter, rules)
    curve: list[CurvePoint] = []
    for done, point in enumerate(side_by_side(measure.point, tried), start=1):
        if point is not None:
            curve.append(point)
        if progress is not None:
            progress(done, len(tried))
    return tuple(curve)


class _Measures:
    """What is measured of each k, and the samples that all k are compared on."""

    def __init__(self, sample: Rows, settings: ClusteringSettings, fitter: Fitter, rules: Collection[str]) -> None:
        self._sample, self._seed, self._fitter = sample, settings.seed, fitter
        self._starts = min(CURVE_STARTS, settings.n_init)
        self._references = references(sample, settings.seed) if "gap" in rules else []
        self._halves = halves(sample, settings.seed) if "stability" in rules and sample.total >= 4 else []

    def point(self, k: int) -> CurvePoint | None:
        """One point of the curve; None where rows are so close that fewer clusters remain than two of the k asked."""
        began = perf_counter()
        fit = self._fitter(self._sample, k, self._seed, self._starts)
        score = cosine_silhouette(self._sample, fit.labels)
        if score is None and k > 1:
            return None
        inertia = _inertia(self._sample, fit.labels)
        told = {"bic": fit.bic} | self._gap(k, inertia) | self._stability(k)
        return CurvePoint(k, score, inertia, perf_counter() - began, **told)

    def _gap(self, k: int, inertia: float) -> dict[str, float | None]:
        if not self._references:
            return {}
        theirs = [_inertia(r, self._fitter(r, k, self._seed, REFERENCE_STARTS).labels) for r in self._references]
        value, error = gap(inertia, theirs)
        return {"gap": value, "gap_error": error}

    def _stability(self, k: int) -> dict[str, float | None]:
        if any(len(half) < k for pair in self._halves for half in pair) or not self._halves:
            return {}
        found = stability(self._halves, lambda half: self._fitter(half, k, self._seed, self._starts).labels)
        return {"stability": found.rand, "strength": found.strength, "strength_error": found.strength_error}


def _inertia(rows: Rows, labels: np.ndarray) -> float:
    """Sum of the cosine distances of all users' rows to their centroids."""
    return float((1 - own_cosines(rows, rows.directions(labels), labels)) @ rows.counts)
