"""Two rankings in one list: each user compares them, which finds differences with far fewer users than an A/B test."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, ndtri

from interest_platform.errors import ExperimentError
from interest_platform.recommendation.experiment.arguments import numbers, positive, probability


@dataclass(frozen=True)
class Interleaved:
    """The list that is shown, and who put each item there: `teams` has +1 for a's items and -1 for b's."""

    items: tuple[str, ...]
    teams: tuple[int, ...]

    def credit(self, clicked: AbstractSet[str]) -> int:
        """Clicks on a's items minus clicks on b's: above 0 a wins this list, 0 is a tie."""
        return sum(team for item, team in zip(self.items, self.teams, strict=True) if item in clicked)


def team_draft(a: Sequence[str], b: Sequence[str], k: int, rng: np.random.Generator) -> Interleaved:
    """Two captains choose in turn, a coin says who first in each round (Radlinski, Kurup and Joachims, CIKM 2008).

    Of each ranking the best item that is not in the list yet; shorter than k where a ranking is used up, so that both
    teams are as large to within one item.
    """
    _check(a, b, k)
    shown: list[str] = []
    teams: list[int] = []
    while len(shown) < k:
        lead = sum(teams)
        team = -int(np.sign(lead)) if lead else (1 if rng.random() < 0.5 else -1)
        item = next((each for each in (a if team > 0 else b) if each not in shown), None)
        if item is None:
            break
        shown.append(item)
        teams.append(team)
    return Interleaved(tuple(shown), tuple(teams))


def balanced(a: Sequence[str], b: Sequence[str], k: int, a_first: bool) -> tuple[str, ...]:
    """A list whose top always holds as many of a's best as of b's, to within one (Joachims 2003).

    It favours one ranking even of a user who clicks at random where one is the other, shifted (Radlinski et al. 2008);
    `team_draft` does not.
    """
    _check(a, b, k)
    shown: list[str] = []
    at_a = at_b = 0
    while len(shown) < k and at_a < len(a) and at_b < len(b):
        from_a = at_a < at_b or (at_a == at_b and a_first)
        item = a[at_a] if from_a else b[at_b]
        at_a, at_b = (at_a + 1, at_b) if from_a else (at_a, at_b + 1)
        if item not in shown:
            shown.append(item)
    return tuple(shown)


def balanced_credit(a: Sequence[str], b: Sequence[str], shown: Sequence[str], clicked: AbstractSet[str]) -> int:
    """Clicks within a's top j minus clicks within b's, j the least that holds the lowest click in either ranking."""
    hits = [item for item in shown if item in clicked]
    if not hits:
        return 0
    ranks = [list(ranking).index(hits[-1]) for ranking in (a, b) if hits[-1] in ranking]
    depth = min(ranks) + 1
    return sum(item in a[:depth] for item in hits) - sum(item in b[:depth] for item in hits)


@dataclass(frozen=True)
class Preference:
    """Who won: users for whom a did, b did, neither; `share` of a among the decided with its interval, sign test."""

    wins: int
    losses: int
    ties: int
    share: float
    low: float
    high: float
    p_value: float


def preference(credits: np.ndarray, alpha: float = 0.05) -> Preference:
    """The sign test over users; `credits` (n,) is a user's sum over their lists, so that each user has one vote.

    Two-sided and exact (binomial, 1/2), ties left out; the interval is Wilson's (1927). Nobody decided: share 1/2,
    interval [0, 1], p 1.
    """
    given = numbers("credits", credits)
    z = float(ndtri(1 - probability("alpha", alpha) / 2))
    wins, losses = int((given > 0).sum()), int((given < 0).sum())
    n = wins + losses
    if not n:
        return Preference(0, 0, given.size, 0.5, 0.0, 1.0, 1.0)
    share = wins / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    margin = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    p = min(1.0, 2 * float(bdtr(min(wins, losses), n, 0.5)))
    return Preference(wins, losses, given.size - n, share, float(centre - margin), float(centre + margin), p)


def _check(a: Sequence[str], b: Sequence[str], k: int) -> None:
    positive("k", k)
    for name, ranking in (("a", a), ("b", b)):
        if not len(ranking):
            raise ExperimentError(f"ranking {name} is empty: both need at least one item")
        if len(set(ranking)) != len(ranking):
            raise ExperimentError(f"ranking {name} has an item twice: an item has one rank")
