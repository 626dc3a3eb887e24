"""Which changes are planted together, and in which clusters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from interest_platform.dynamics.planted.ground import Ground

CHANGES = ("split", "merge", "birth", "death")
"""Changes of segments; `move`, users who change segment while the segments stay, is planted alone."""

MOVE = "move"

FEWEST = 8
"""Users a planted change touches at least."""

GROWN = 3
"""A cluster is thinned to the size asked for, or grown to at most this many times its own."""

TOUCHED = 0.5
"""Share of the users that all changes planted together may touch."""


@dataclass(frozen=True)
class Change:
    """A change to plant: `clusters` are its parents (a move's target; none for a birth), `users` those it touches."""

    kind: str
    clusters: tuple[int, ...]
    users: int

    @property
    def parts(self) -> tuple[int, ...]:
        """Users of each of `clusters` in the window before the change."""
        each = self.users // max(len(self.clusters), 1)
        return (self.users - each, each) if len(self.clusters) == 2 else (each,) * len(self.clusters)


@dataclass(frozen=True)
class Plan:
    """Changes of one size planted in one next window."""

    size: float
    changes: tuple[Change, ...]

    @property
    def sizes(self) -> dict[int, int]:
        """Users in the window before of each cluster that is a parent."""
        parents = [change for change in self.changes if change.kind != MOVE]
        return {c: n for change in parents for c, n in zip(change.clusters, change.parts, strict=True)}


def plans(ground: Ground, size: float, rng: np.random.Generator) -> Iterator[Plan]:
    """Plans that plant each kind of change once at this size; kinds that don't fit the window are left out.

    Changes that touch different clusters share a plan, since each plan costs a clustering.
    """
    users = round(size * ground.users)
    if users < FEWEST:
        return
    left = [CHANGES[i] for i in rng.permutation(len(CHANGES))]
    while left:
        changes: list[Change] = []
        for kind in left:
            if (change := _change(kind, users, ground, changes, rng)) is not None:
                changes.append(change)
        if not changes:
            break
        yield Plan(size, tuple(changes))
        planted = {c.kind for c in changes}
        left = [kind for kind in left if kind not in planted]
    if len(ground.sizes) > 1 and (target := _target(users, ground, rng)) is not None:
        yield Plan(size, (Change(MOVE, (target,), users),))


def _change(kind: str, users: int, ground: Ground, others: Sequence[Change], rng: np.random.Generator) -> Change | None:
    if users + sum(c.users for c in others) > TOUCHED * ground.users:
        return None
    if kind == "birth":
        change: Change | None = Change(kind, (), users)
    else:
        change = _in_cluster(kind, users, ground, {c for other in others for c in other.clusters}, rng)
    return change if change is not None and _fits(ground, (*others, change)) else None


def _in_cluster(kind: str, users: int, ground: Ground, taken: set[int], rng: np.random.Generator) -> Change | None:
    """In one of the three clusters that are nearest in size; a merge takes it and the nearest of the others."""
    share = -(-users // 2) if kind == "merge" else users
    free = [c for c, n in enumerate(ground.sizes) if c not in taken and share <= GROWN * n]
    if len(free) < (2 if kind == "merge" else 1):
        return None
    alike = sorted(free, key=lambda c: (abs(int(ground.sizes[c]) - share), c))[:3]
    one = alike[int(rng.integers(len(alike)))]
    if kind != "merge":
        return Change(kind, (one,), users)
    partners = [c for c in free if c != one]
    cosines = (ground.centroids[partners] @ ground.centroids[one]).round(9)
    return Change(kind, tuple(sorted((one, partners[int(np.argmax(cosines))]))), users)


def _fits(ground: Ground, changes: Sequence[Change]) -> bool:
    """Whether the clusters that are left can hold the other users: at least one, none grown beyond GROWN."""
    sizes = Plan(0, tuple(changes)).sizes
    rest = sum(int(n) for c, n in enumerate(ground.sizes) if c not in sizes)
    return rest > 0 and ground.users - sum(sizes.values()) <= GROWN * rest


def _target(users: int, ground: Ground, rng: np.random.Generator) -> int | None:
    """A segment that so many returning users can move to with no other losing more than half of them."""
    movable = np.floor(ground.sizes * ground.returning / 2).astype(int)
    fits = np.flatnonzero(movable.sum() - movable >= users)
    return int(rng.choice(fits)) if len(fits) else None
