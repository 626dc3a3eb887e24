"""The rules that choose k from a curve. Each is given the curve by rising k, one point at least; ties: smallest k."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from interest_platform.clustering.result import CurvePoint

STRONG = 0.8
"""Prediction strength from which on k clusters are said to be there (Tibshirani and Walther 2005: .8 to .9)."""

Curve = Sequence[CurvePoint]


def best_silhouette(curve: Curve) -> int:
    """The k with the largest mean silhouette (Rousseeuw 1987)."""
    return max(curve, key=lambda p: -np.inf if p.silhouette is None else p.silhouette).k


def knee(curve: Curve) -> int:
    """The knee of inertia: where the curve, scaled to the unit square, is farthest below its chord.

    Kneedle (Satopaa, Albrecht, Irwin and Raghavan 2011) for a falling convex curve, and of its knees the most marked.
    Inertia is made falling first: a k that came out worse than a smaller one counts as that.
    """
    ks = np.array([p.k for p in curve], float)
    inertia = np.minimum.accumulate([p.inertia for p in curve])
    drop = inertia[0] - inertia[-1]
    if len(curve) < 3 or drop <= 0:
        return curve[0].k
    below = 1 - (inertia - inertia[-1]) / drop - (ks - ks[0]) / (ks[-1] - ks[0])
    return curve[int(np.argmax(below.round(12)))].k


def first_gap(curve: Curve) -> int:
    """The smallest k whose gap is at least the next one's less its standard error (Tibshirani, Walther, Hastie 2001).

    The largest gap where that never holds.
    """
    told = [(p.k, p.gap, p.gap_error) for p in curve if p.gap is not None and p.gap_error is not None]
    for (k, gap, _), (_, after, error) in pairwise(told):
        if gap >= after - error:
            return k
    return max(told, key=lambda p: p[1])[0] if told else curve[0].k


def least_bic(curve: Curve) -> int:
    """The k with the least BIC (Schwarz 1978)."""
    return min(curve, key=lambda p: np.inf if p.bic is None else p.bic).k


def stable(curve: Curve) -> int:
    """Of the k that are there, the one whose clusters come again best by the adjusted Rand index; ties: the largest.

    Those are there whose prediction strength, with its standard error, reaches .8 (Tibshirani and Walther 2005); one
    cluster always comes again, and is taken where no other k is there. A smallest k above 1 stands where none is.
    """
    told = [(p.stability or 0.0, p.k) for p in curve if (p.strength or 0) + (p.strength_error or 0) >= STRONG]
    several = [(round(rand, 9), k) for rand, k in told if k > 1]
    return max(several)[1] if several else curve[0].k


RULES: Mapping[str, Callable[[Curve], int]] = {
    "silhouette": best_silhouette,
    "elbow": knee,
    "gap": first_gap,
    "bic": least_bic,
    "stability": stable,
}
"""Rules by their name in interest.yaml (`clustering.k_rule`); split_test is none of them, since it has no curve."""
