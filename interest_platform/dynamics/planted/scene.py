"""A planted passage: the window as it is, and a next window made from it in which certain changes have happened."""

from dataclasses import dataclass, field

import numpy as np

from interest_platform.dynamics.planted.ground import Ground
from interest_platform.dynamics.planted.places import beside, halves, rotated
from interest_platform.dynamics.planted.plan import MOVE, Plan
from interest_platform.numerics.unit import unit

Happening = tuple[str, tuple[int, ...], tuple[int, ...]]
"""(kind, parents, children), by true segments, sorted."""

PRESENT, NEW = "s", "n"
"""What ids of segments begin with: those of the window before, by their number, and those first seen in the next."""


@dataclass(frozen=True)
class Crowd:
    """A window's users (n,), numbers that mean the same user in both windows, their unit vectors (n, d) and their true
    segments (n,)."""

    users: np.ndarray
    vectors: np.ndarray
    segments: np.ndarray


@dataclass(frozen=True)
class Scene:
    """Both windows, and what truly happened between them; survivors are not told."""

    before: Crowd
    after: Crowd
    truth: frozenset[Happening]

    @property
    def true_ids(self) -> np.ndarray:
        """The segment ids that users of the next window would have if tracking erred nowhere, (m,) str."""
        number = self.after.segments
        known = number <= self.before.segments.max()
        return np.char.add(np.where(known, PRESENT, NEW), number.astype(str))


@dataclass
class _Next:
    """What becomes of each segment: its children, where they lie, and who is born. True segments of this window are
    its clusters; new ones are numbered from k on."""

    becomes: dict[int, tuple[int, ...]]
    places: dict[int, np.ndarray] = field(default_factory=dict)
    born: list[tuple[int, int, int]] = field(default_factory=list)
    truth: list[Happening] = field(default_factory=list)


def scene(ground: Ground, plan: Plan, rng: np.random.Generator) -> Scene:
    """Draw the passage of a plan.

    Parents of changes are thinned or grown to the plan's size before, the other clusters hold the other users. In the
    next window the share `returning` of every segment's users come again, others come in their place, and everyone's
    vector is drawn anew from the members of the user's cluster, turned to where the segment lies now.
    """
    sizes = _sizes(ground, plan)
    before = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.concatenate([ground.real(c, n, rng) for c, n in enumerate(sizes)])
    told = _next(ground, plan, rng)
    users, donors, segments = _crowd(before, told, ground.returning, rng)
    for change in plan.changes:
        if change.kind == MOVE:
            movers = _movers(segments, users < len(before), change.clusters[0], change.users, rng)
            segments[movers] = donors[movers] = change.clusters[0]
    after = Crowd(users, _vectors(ground, donors, segments, told.places, rng), segments)
    return Scene(Crowd(np.arange(len(before)), vectors.astype(np.float32), before), after, frozenset(told.truth))


def _sizes(ground: Ground, plan: Plan) -> list[int]:
    """Users of each cluster in the window before, as many in all as there are; rounding goes to the largest."""
    fixed = plan.sizes
    rest = {c: int(n) for c, n in enumerate(ground.sizes) if c not in fixed}
    users = ground.users - sum(fixed.values())
    sizes = fixed | {c: n * users // sum(rest.values()) for c, n in rest.items()}
    if rest:
        sizes[max(rest, key=lambda c: (rest[c], -c))] += ground.users - sum(sizes.values())
    return [sizes[c] for c in range(len(ground.sizes))]


def _next(ground: Ground, plan: Plan, rng: np.random.Generator) -> _Next:
    k = len(ground.sizes)
    told, number = _Next({c: (c,) for c in range(k)}), k
    for change in plan.changes:
        if change.kind == MOVE:
            continue
        children = tuple(range(number, number + {"split": 2, "death": 0}.get(change.kind, 1)))
        number += len(children)
        told.becomes |= dict.fromkeys(change.clusters, children)
        told.truth.append((change.kind, change.clusters, children))
        if change.kind == "split":
            told.places |= dict(zip(children, halves(ground, change.clusters[0], rng), strict=True))
        elif change.kind == "merge":
            told.places[children[0]] = unit(ground.centroids[list(change.clusters)].sum(axis=0))
        elif change.kind == "birth":
            donor = int(rng.integers(k))
            told.places[children[0]] = beside(ground, donor, rng)
            told.born.append((children[0], donor, change.users))
    return told


def _crowd(
    before: np.ndarray, told: _Next, returning: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users of the next window, the clusters their vectors are drawn from, and their segments, each (m,)."""
    alive = np.flatnonzero([bool(told.becomes[int(c)]) for c in before])
    back = np.sort(rng.choice(alive, round(returning * len(alive)), replace=False))
    fresh = rng.choice(before[alive], len(alive) - len(back)) if len(alive) else alive
    donors = np.concatenate([before[back], fresh])
    segments = np.empty(len(donors), np.int64)
    for parent, children in told.becomes.items():
        own = rng.permutation(np.flatnonzero(donors == parent))
        if len(own):
            segments[own] = np.array(children)[np.arange(len(own)) % len(children)]
    born = [np.full((n, 2), (donor, child)) for child, donor, n in told.born]
    more = np.concatenate([np.zeros((0, 2), np.int64), *born])
    users = np.concatenate([back, len(before) + np.arange(len(fresh) + len(more))])
    return users, np.concatenate([donors, more[:, 0]]), np.concatenate([segments, more[:, 1]])


def _movers(segments: np.ndarray, known: np.ndarray, target: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of returning users who move, from every other segment in proportion; none loses more than half of them."""
    movable = [
        rng.permutation(own)[: len(own) // 2]
        for s in np.unique(segments)
        if s != target and len(own := np.flatnonzero((segments == s) & known))
    ]
    every = np.concatenate([np.zeros(0, np.int64), *movable])
    return rng.choice(every, min(count, len(every)), replace=False)


def _vectors(
    ground: Ground,
    donors: np.ndarray,
    segments: np.ndarray,
    places: dict[int, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    vectors = np.empty((len(donors), ground.vectors.shape[1]))
    pairs = np.unique(np.stack([donors, segments], axis=1), axis=0)
    for donor, segment in pairs.tolist():
        at = np.flatnonzero((donors == donor) & (segments == segment))
        drawn = ground.draw(donor, len(at), rng)
        vectors[at] = rotated(drawn, ground.centroids[donor], places[segment]) if segment in places else drawn
    return vectors.astype(np.float32)
