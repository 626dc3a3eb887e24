"""Streams of users whose segments part, join, appear and vanish: unit vectors a window, with the truth beside them.

The plans A to K are those of docs/dynamics.md. Every seed draws another stream.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

FEWEST = 4
"""Segments that are free to die: with fewer, none does."""

BORN_SHARE = 1 / 8
"""A newborn segment's users, of those that the stream began with."""


@dataclass(frozen=True)
class Plan:
    """How a stream is drawn.

    `parting` is the distance of the parts of a split and `drift` a centroid's step a window, both on the unit sphere;
    `noise` a third of a user's expected distance to the centroid; `churn` the share of users replaced and `moving`
    the share that changes segment each window. `tails` are degrees of freedom of Student's t in place of the normal;
    `stretch` and `uneven` the log-normal sigmas of a segment's axes and of the segments' first sizes. A change takes
    `span` windows and a split has `ways` parts.
    """

    parting: float = 0.9
    noise: float = 0.35
    churn: float = 0.1
    drift: float = 0.05
    moving: float = 0.02
    tails: float | None = None
    stretch: float = 0.0
    uneven: float = 0.0
    still: bool = False
    users: int = 1200
    segments: int = 6
    windows: int = 8
    dimensions: int = 64
    span: int = 1
    ways: int = 2


PLANS = {
    "A well separated": Plan(parting=1.6, noise=0.25),
    "B close children": Plan(),
    "C noisy, 40 % churn": Plan(parting=1.2, noise=0.5, churn=0.4),
    "D 95 % churn": Plan(parting=1.6, noise=0.25, churn=0.95),
    "E 30 % move": Plan(parting=1.6, noise=0.25, moving=0.3),
    "F still": Plan(parting=1.6, still=True, windows=20),
    "G heavy tails": Plan(parting=1.6, tails=5),
    "H stretched": Plan(parting=1.6, stretch=0.6),
    "I uneven": Plan(parting=1.6, uneven=0.8),
    "J far drift": Plan(parting=1.6, noise=0.25, drift=3.0),
    "K still, heavy tails": Plan(parting=1.6, tails=5, still=True, windows=20),
}

TO_REACH = dict(zip("ABCDEGHIJ", (0.98, 0.98, 0.97, 0.95, 0.98, 0.90, 0.90, 0.95, 0.95), strict=True))
"""F1 of the change events; of F and K at most one window in 20 may have a false one."""


@dataclass(frozen=True)
class Happening:
    """A change by true segments. It may be told in any window from `first` to `last`."""

    kind: str
    parents: frozenset[int]
    children: frozenset[int]
    first: int
    last: int

    def is_told_by(self, window: int, kind: str, parents: Counter[int], children: Counter[int]) -> bool:
        """Whether a row of events says this: the kind, every parent and every child.

        While a change takes several windows, the whole of a split may go by the name of a part already, and the
        whole of a merge by that of a part still.
        """
        if kind != self.kind or not self.first <= window <= self.last:
            return False
        if self.first == self.last:
            return parents == Counter(self.parents) and children == Counter(self.children)
        parts, told_parts, told_whole = (
            (self.parents, parents, children) if kind == "merge" else (self.children, children, parents)
        )
        if kind in ("birth", "death"):
            return parents == Counter(self.parents) and children == Counter(self.children)
        return told_parts == Counter(parts) and set(told_whole) <= self.parents | self.children


@dataclass(frozen=True)
class Drawn:
    """A window: users (n,) int, their unit vectors (n, d) float32, their true segments (n,) int."""

    users: np.ndarray
    vectors: np.ndarray
    truth: np.ndarray


@dataclass
class _World:
    plan: Plan
    rng: np.random.Generator
    centres: dict[int, np.ndarray] = field(default_factory=dict)
    axes: dict[int, np.ndarray] = field(default_factory=dict)
    users: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    homes: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    known_users: int = 0
    known_segments: int = 0

    def direction(self) -> np.ndarray:
        return unit(self.rng.standard_normal(self.plan.dimensions))

    def segment(self, centre: np.ndarray) -> int:
        self.centres[self.known_segments] = centre
        self.axes[self.known_segments] = self._axes()
        self.known_segments += 1
        return self.known_segments - 1

    def _axes(self) -> np.ndarray:
        if not self.plan.stretch:
            return np.ones(self.plan.dimensions)
        axes = np.exp(self.plan.stretch * self.rng.standard_normal(self.plan.dimensions))
        return axes / np.sqrt((axes**2).mean())

    def welcome(self, homes: np.ndarray) -> None:
        """New users at these homes."""
        self.users = np.concatenate([self.users, self.known_users + np.arange(len(homes))])
        self.homes = np.concatenate([self.homes, homes])
        self.known_users += len(homes)

    def dismiss(self, which: np.ndarray) -> None:
        self.users, self.homes = np.delete(self.users, which), np.delete(self.homes, which)

    def replace(self, exempt: set[int], open_: Sequence[int]) -> None:
        """Churn: users away from exempt segments leave, as many new ones come to open segments."""
        staying = np.flatnonzero(~np.isin(self.homes, list(exempt)))
        gone = self.rng.choice(staying, int(self.plan.churn * len(staying)), replace=False)
        self.dismiss(gone)
        self.welcome(self.rng.choice(open_, len(gone)))

    def wander(self, open_: Sequence[int]) -> None:
        moving = np.isin(self.homes, open_) & (self.rng.random(len(self.homes)) < self.plan.moving)
        self.homes[moving] = self.rng.choice(open_, int(moving.sum()))

    def draw(self) -> Drawn:
        plan, shape = self.plan, (len(self.users), self.plan.dimensions)
        noise = self.rng.standard_normal(shape)
        if plan.tails:
            noise = self.rng.standard_t(plan.tails, shape) * np.sqrt((plan.tails - 2) / plan.tails)
        centres, axes = (np.stack([of[h] for h in self.homes]) for of in (self.centres, self.axes))
        vectors = unit(centres + 3 * plan.noise / np.sqrt(plan.dimensions) * axes * noise)
        return Drawn(self.users.copy(), vectors.astype(np.float32), self.homes.copy())


class _Change:
    """A split, merge, birth or death under way: `step` brings it one window further."""

    def __init__(self, world: _World, kind: str, free: list[int], window: int) -> None:
        plan, rng = world.plan, world.rng
        self.world, self.kind, self.done, self.window = world, kind, 0, window
        needed = {"split": 1, "merge": 2, "birth": 0, "death": 1}[kind]
        self.parents = [int(s) for s in rng.choice(free, needed, replace=False)]
        if kind == "split":
            self.begun = world.centres[self.parents[0]]
            self.towards = _corners(rng, plan.ways, plan.dimensions) * plan.parting / 2
            self.children = [world.segment(self.begun) for _ in range(plan.ways)]
            at = np.flatnonzero(world.homes == self.parents[0])
            world.homes[at] = rng.choice(self.children, len(at))
            del world.centres[self.parents[0]]
        elif kind == "merge":
            self.ends = [world.centres[p] for p in self.parents]
            self.children = [world.segment(unit(sum(self.ends)))]
        else:
            self.children = [world.segment(world.direction())] if kind == "birth" else []

    @property
    def busy(self) -> set[int]:
        """Segments that take part and do not drift of themselves."""
        return {*self.parents, *self.children}

    def happening(self) -> Happening:
        last = self.window + self.world.plan.span - 1
        return Happening(self.kind, frozenset(self.parents), frozenset(self.children), self.window, last)

    def step(self) -> bool:
        """One window on; whether the change is complete."""
        self.done += 1
        span = self.world.plan.span
        getattr(self, f"_{self.kind}")(self.done / span)
        return self.done == span

    def _split(self, share: float) -> None:
        for child, towards in zip(self.children, self.towards, strict=True):
            self.world.centres[child] = unit(self.begun + share * towards)

    def _merge(self, share: float) -> None:
        world, whole = self.world, self.children[0]
        for part, end in zip(self.parents, self.ends, strict=True):
            world.centres[part] = unit((1 - share) * end + share * world.centres[whole])
        if share == 1:
            world.homes[np.isin(world.homes, self.parents)] = whole
            for part in self.parents:
                del world.centres[part]

    def _birth(self, share: float) -> None:
        coming = int(self.world.plan.users * BORN_SHARE) // self.world.plan.span
        self.world.welcome(np.full(coming, self.children[0]))

    def _death(self, share: float) -> None:
        world, left = self.world, self.world.plan.span - self.done + 1
        at = np.flatnonzero(world.homes == self.parents[0])
        world.dismiss(world.rng.choice(at, len(at) // left, replace=False))
        if share == 1:
            del world.centres[self.parents[0]]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scaled to length 1 along the last axis."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def stream(plan: Plan, seed: int) -> tuple[list[Drawn], list[Happening]]:
    """The windows of a stream, and all that happened in it."""
    rng = np.random.default_rng([seed, 20240101])
    world = _World(plan, rng)
    for _ in range(plan.segments):
        world.segment(world.direction())
    weights = np.exp(plan.uneven * rng.standard_normal(plan.segments))
    world.welcome(rng.choice(plan.segments, plan.users, p=weights / weights.sum()))
    windows, told, under_way = [world.draw()], [], []
    for window in range(1, plan.windows):
        under_way += _begun(world, under_way, window)
        told += [c.happening() for c in under_way if c.window == window]
        busy = {s for c in under_way for s in c.busy}
        done = [c.step() for c in under_way]
        for segment in world.centres:
            if segment not in busy:
                world.centres[segment] = unit(world.centres[segment] + plan.drift * world.direction())
        newborn = {s for c in under_way if c.kind == "birth" for s in c.children}
        leaving = {s for c in under_way if c.kind in ("death", "merge") for s in c.parents}
        unborn = {s for c, d in zip(under_way, done, strict=True) if c.kind == "merge" and not d for s in c.children}
        open_ = [s for s in world.centres if s not in newborn | unborn and not (plan.span > 1 and s in leaving)]
        world.replace(newborn, open_)
        world.wander(open_)
        windows.append(world.draw())
        under_way = [c for c, d in zip(under_way, done, strict=True) if not d]
    return windows, told


def _begun(world: _World, under_way: list[_Change], window: int) -> list[_Change]:
    """One or two changes of different kinds, of segments that no other change touches."""
    if world.plan.still or under_way or window + world.plan.span > world.plan.windows:
        return []
    kinds = world.rng.permutation(["split", "merge", "birth", "death"])[: world.rng.integers(1, 3)]
    begun: list[_Change] = []
    for kind in kinds:
        free = [s for s in world.centres if s not in {t for c in begun for t in c.busy}]
        if len(free) >= {"split": 1, "merge": 2, "birth": 0, "death": FEWEST}[kind]:
            begun.append(_Change(world, str(kind), free, window))
    return begun


def _corners(rng: np.random.Generator, ways: int, dimensions: int) -> np.ndarray:
    """Directions in which the parts of a split go: opposite ones for two, the corners of a regular body for more."""
    body = np.eye(ways) - 1 / ways
    frame = np.linalg.qr(rng.standard_normal((dimensions, ways)))[0]
    return unit(body @ frame.T)


Row = tuple[int, str, tuple[int, ...], tuple[int, ...]]
"""A change that was told: window, kind, and parents and children by the majority of their members' true segments."""


@dataclass(frozen=True)
class Score:
    """Rows that were right, rows that were not (repeated ones too), changes not told; windows with a false row."""

    right: int = 0
    false: int = 0
    missed: int = 0
    false_windows: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The four counts."""
        return self.right, self.false, self.missed, self.false_windows

    @property
    def f1(self) -> float:
        """1 where there was nothing to tell and nothing was told."""
        told = 2 * self.right + self.false + self.missed
        return 2 * self.right / told if told else 1.0


def majority(truth: np.ndarray) -> int:
    """The most frequent true segment of a cluster's members, the smallest in a tie."""
    values, counts = np.unique(truth, return_counts=True)
    return int(values[counts.argmax()])


def score(rows: Iterable[Row], happened: Sequence[Happening]) -> Score:
    """Compare rows with what happened; survivors are not scored and have to be left out of the rows."""
    left, right, false = list(happened), 0, []
    for window, kind, parents, children in rows:
        hit = next((h for h in left if h.is_told_by(window, kind, Counter(parents), Counter(children))), None)
        if hit is None:
            false.append(window)
        else:
            left.remove(hit)
            right += 1
    return Score(right, len(false), len(left), len(set(false)))
