"""Which transitions happened: the best exact cover of both windows' clusters by candidate events."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

PRIOR = {"survive": 0.0, "split": -3.0, "merge": -3.0, "birth": -2.0, "death": -2.0}
"""Log prior of each kind of event, up to a constant."""

MORE_PARTS = -2.0
"""Log prior of each part of a split or merge beyond two."""


@dataclass(frozen=True)
class Candidate:
    """An event that may have happened, by cluster numbers, with the log-likelihood ratios of its evidences."""

    kind: str
    parents: tuple[int, ...]
    children: tuple[int, ...]
    members: float = 0.0
    geometry: float = 0.0
    items: float = 0.0

    @property
    def evidence(self) -> float:
        """Log-likelihood ratio of all evidence."""
        return self.members + self.geometry + self.items

    @cached_property
    def score(self) -> float:
        """Log posterior odds against births and deaths at their priors, up to those."""
        more = max(len(self.parents), len(self.children)) - 2
        return PRIOR[self.kind] + MORE_PARTS * max(more, 0) + self.evidence


def best_cover(candidates: Sequence[Candidate], before: int, after: int) -> tuple[list[int], float]:
    """Numbers of the candidates that cover every cluster exactly once with the largest sum of scores, and that sum.

    A set partition, solved exactly as an integer programme (HiGHS through scipy). Births and deaths of every cluster
    have to be among the candidates, so that there always is a cover.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csc_array

    kept = _undominated(candidates, before, after)
    if not kept:
        return [], 0.0
    rows = [_clusters(candidates[n], before) for n in kept]
    ends = np.cumsum([0, *map(len, rows)])
    matrix = csc_array((np.ones(ends[-1]), np.concatenate(rows), ends), shape=(before + after, len(kept)))
    scores = np.array([candidates[n].score for n in kept])
    exact = {"mip_rel_gap": 0.0}
    each_once = LinearConstraint(matrix, 1, 1)
    solved = milp(-scores, constraints=each_once, integrality=1, bounds=Bounds(0, 1), options=exact)
    chosen = np.flatnonzero(solved.x > 0.5)
    return [kept[i] for i in chosen], float(scores[chosen].sum())


def _clusters(candidate: Candidate, before: int) -> list[int]:
    """Its clusters, those of the second window after those of the first."""
    return [*candidate.parents, *(before + j for j in candidate.children)]


def _undominated(candidates: Sequence[Candidate], before: int, after: int) -> list[int]:
    """Numbers of the candidates without those that births and deaths of the same clusters beat: most of them."""
    alone = [-np.inf] * (before + after)
    for candidate in candidates:
        at = _clusters(candidate, before)
        if len(at) == 1:
            alone[at[0]] = max(alone[at[0]], candidate.score)
    return [n for n, c in enumerate(candidates) if c.score >= sum(alone[i] for i in _clusters(c, before))]


def posteriors(
    candidates: Sequence[Candidate], chosen: Sequence[int], best: float, before: int, after: int
) -> list[float]:
    """Of each chosen event: 1 / (1 + odds of the best cover without it), 0..1."""
    found = []
    for number in chosen:
        kept = [c for i, c in enumerate(candidates) if i != number or c.kind in ("birth", "death")]
        if candidates[number].kind in ("birth", "death"):
            kept = [c for c in kept if c is not candidates[number]]
            if not _coverable(kept, before, after):
                found.append(1.0)
                continue
        other = best_cover(kept, before, after)[1]
        found.append(float(1 / (1 + np.exp(min(other - best, 0.0)))) if other > -np.inf else 1.0)
    return found


def _coverable(candidates: Sequence[Candidate], before: int, after: int) -> bool:
    parents = {p for c in candidates for p in c.parents}
    children = {j for c in candidates for j in c.children}
    return len(parents) == before and len(children) == after
