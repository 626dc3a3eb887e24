"""How many segments: as many as a user's own texts, cut in two, agree on."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from interest_platform.clustering.carried.fitting import fresh
from interest_platform.clustering.carried.history import History
from interest_platform.numerics.unit import unit

KS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 26, 32, 40)
"""Numbers of segments that are measured, as far as there are users for them."""

USERS_EACH = 15
"""Users with a pair of vectors a segment, at least, for a number of segments to be measured."""

FEWEST = 2
"""Segments that there have to be users for."""

ROWS_EACH = 12
"""Rows a segment, at least."""

PAIRS = 30
"""Pairs below which nothing is measured: agreement of fewer is chance."""

NEW_SHARE = 0.3
"""Share of the pairs that has to be new for the number of segments to be measured again."""

HALVINGS = 3
"""How often the users are cut in two halves that are clustered apart."""

DIMENSIONS = 48
"""Principal directions that are measured in: the noise of the others costs time and tells nothing."""

SAMPLE = 3_000
"""Rows that the directions are found from at most."""

LEAST = 0.035
"""Agreement, at least, where there are segments. Of forum titles it is .05 to .1, of other real texts .2 to .9."""

PLAIN = 0.15
"""Agreement that is strong: less of it tells of few segments alone."""

WEAK_USERS = 100
"""Users, at least, for weak agreement to count: a few dozen differ by their habits, too, and are no groups."""

SURE_PLAIN = 6.0
"""Standard deviations of shuffled pairs that strong agreement is at least: of thirty pairs chance gives .15, too."""

MANY = 300
"""Pairs from which on strong agreement is no chance, and no pairs are shuffled."""

SURE = 8.0
"""Standard deviations of the agreement of shuffled pairs that it is, too: shuffled ones show 3 at most, and users of
whom each has a text or two up to 5 in a first window, whose segments the next windows do not confirm."""

SHUFFLES = 2
"""Shuffles for each cut of the users, each way."""

GAP = 2
"""Windows between two appearances of a user with one text, at most, for them to be a pair."""


@dataclass(frozen=True)
class Pairs:
    """Two vectors each of the same user: `one` and `other` (p, d), `users` (p,), `windows` (p,) as in `History`."""

    one: np.ndarray
    other: np.ndarray
    users: np.ndarray
    windows: np.ndarray

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True)
class Agreement:
    """What a number of segments gives: `ami` between the users' halves, `entropy` of the segments' shares in nats, and
    `inertia`, the mean cosine distance of users to the nearest centroid fitted without them, `chance` the standard
    deviation of `ami` of shuffled pairs (0: not needed), `users` who have pairs, `seconds` it took."""

    ami: float
    entropy: float
    inertia: float = 0.0
    chance: float = 0.0
    users: int = 0
    seconds: float = 0.0

    @property
    def sure(self) -> bool:
        """Whether the halves agree, more than by chance and enough to matter."""
        if self.ami >= PLAIN:
            return self.ami >= SURE_PLAIN * self.chance
        return self.users >= WEAK_USERS and self.ami >= max(LEAST, SURE * self.chance)


def pairs_of(history: History) -> Pairs:
    """The halves of users with two texts or more, and the consecutive vectors of users with one."""
    two = np.abs(history.halves).sum(axis=1) > 0
    halves = history.halves[two]
    before, after = _returns(history, ~two)
    return Pairs(
        np.concatenate([unit(halves), history.vectors[before]]),
        np.concatenate([unit(history.vectors[two] - halves), history.vectors[after]]),
        np.concatenate([history.users[two], history.users[after]]),
        np.concatenate([history.windows[two], history.windows[after]]),
    )


def _returns(history: History, single: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two consecutive appearances, both of one text, at most `GAP` windows apart."""
    order = np.lexsort((history.windows, history.users))
    before, after = order[:-1], order[1:]
    apart = history.windows[after] - history.windows[before]
    kept = (history.users[before] == history.users[after]) & single[before] & single[after] & (apart > 0)
    kept &= apart <= GAP
    return before[kept], after[kept]


def most_segments(history: History, pairs: Pairs) -> int:
    """How many segments the users and rows can tell apart at most, 1 or more."""
    return max(1, min(len(np.unique(pairs.users)) // USERS_EACH, len(history) // ROWS_EACH))


def is_due(pairs: Pairs, measured_ago: int | None) -> bool:
    """Whether there are enough pairs, and enough of them new, to measure how many segments there are."""
    if len(pairs) < PAIRS:
        return False
    new = len(pairs) if measured_ago is None else int((pairs.windows > -measured_ago).sum())
    return new >= NEW_SHARE * len(pairs)


def agreements(history: History, pairs: Pairs, k_range: tuple[int, int]) -> dict[int, Agreement]:
    """Agreement by number of segments: a user's halves labelled by centroids of two disjoint halves of the users.

    The `KS` of the range are measured, as far as there are users for them, each on `HALVINGS` cuts of the users, both
    ways. Adjusted mutual information is 0 where the halves agree by chance alone, whatever the number (Vinh, Epps and
    Bailey 2010).
    """
    low, high = k_range[0], min(k_range[1], most_segments(history, pairs))
    rows = np.linspace(0, len(history) - 1, min(len(history), SAMPLE)).astype(int)
    axes = np.linalg.svd(history.vectors[rows], full_matrices=False)[2][:DIMENSIONS].T
    seen = unit(history.vectors @ axes)
    halves = pairs.one @ axes, pairs.other @ axes
    measured = {k: _agreement(seen, history.users, halves, pairs.users, k) for k in KS if low <= k <= high}
    return {k: told for k, told in measured.items() if told is not None}


def _agreement(
    rows: np.ndarray, users: np.ndarray, halves: tuple[np.ndarray, np.ndarray], pair_users: np.ndarray, k: int
) -> Agreement | None:
    from sklearn.metrics import adjusted_mutual_info_score

    agreed, placed, entropies, distances, began = [], [], [], [], perf_counter()
    _, number = np.unique(users, return_inverse=True)
    count = int(number.max()) + 1
    for halving in range(HALVINGS):
        side = np.zeros(count, bool)
        side[np.random.default_rng(100 + halving).permutation(count)[: count // 2]] = True
        chosen = side[number]
        if min(int(chosen.sum()), int((~chosen).sum())) < 2 * k:
            continue
        both = fresh(rows[chosen], k, halving), fresh(rows[~chosen], k, halving)
        for one, other in (both, both[::-1]):
            labels = (halves[0] @ one.T).argmax(axis=1), (halves[1] @ other.T).argmax(axis=1)
            agreed.append(adjusted_mutual_info_score(*labels))
            entropies.append(entropy(labels[0]))
            placed.append(labels)
        distances += [
            1 - (rows[~chosen] @ both[0].T).max(axis=1).mean(),
            1 - (rows[chosen] @ both[1].T).max(axis=1).mean(),
        ]
    if not agreed:
        return None
    ami, spread, inertia = (float(np.mean(each)) for each in (agreed, entropies, distances))
    # shuffles cost as much as all the rest
    chance = _chance(placed, pair_users) if ami < PLAIN or len(halves[0]) < MANY else 0.0
    return Agreement(ami, spread, inertia, chance, len(np.unique(pair_users)), perf_counter() - began)


def _chance(placed: list[tuple[np.ndarray, np.ndarray]], users: np.ndarray) -> float:
    """Standard deviation of the agreement where the other half is another user's.

    Users are shuffled, not pairs: those of one user, window by window, are no independent ones.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    rng = np.random.default_rng(0)
    _, number, count = np.unique(users, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    first = np.cumsum(count) - count
    found = []
    for one, two in placed:
        for _ in range(SHUFFLES):
            other = rng.permutation(len(count))[number]
            pick = order[first[other] + rng.integers(0, count[other])]
            found.append(adjusted_mutual_info_score(one, two[pick]))
    return float(np.sqrt(np.mean(np.square(found))))


def entropy(labels: np.ndarray) -> float:
    """Entropy of the labels' shares, in nats."""
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())
