"""Plant changes of every kind and size in a window, and tell which are noticed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from interest_platform.configuration import ClusteringSettings, Configuration
from interest_platform.dynamics.planted.alarm import SHARES, alarming
from interest_platform.dynamics.planted.ground import Ground
from interest_platform.dynamics.planted.plan import CHANGES, FEWEST, MOVE, Plan, plans
from interest_platform.dynamics.planted.scene import scene
from interest_platform.dynamics.planted.summary import Tally, planted_rows
from interest_platform.dynamics.planted.trial import Report, tracked

NEAR_K = 4
"""Where every k is scored (any `k_rule` but split_test), those this near to the window's k are: changes planted
together make at most 3 segments more or fewer, and the whole range would cost minutes."""


@dataclass(frozen=True)
class Planting:
    """`rows` of planted_events, and what is told beside: how it was done, and why some or all is missing."""

    rows: pl.DataFrame
    told: dict[str, Any] = field(default_factory=dict)


def plant(ground: Ground, config: Configuration) -> Planting:
    """Plant every kind of change `planted.repeats` times at each of `planted.sizes`.

    Each repeat also makes one next window in which nothing happens: what is reported there is told beside. The same
    ground and settings give the same rows, on any number of cores.
    """
    from threadpoolctl import threadpool_limits

    if (why := _why_not(ground, config)) is not None:
        return Planting(planted_rows({}), {"not_planted": why})
    tallies: dict[tuple[str, float], Tally] = defaultdict(Tally)
    still, settings = Tally(), config.planted
    config = config.model_copy(update={"clustering": affordable(config.clustering, len(ground.sizes))})
    with threadpool_limits(limits=1):
        for repeat in range(settings.repeats):
            still += _still(ground, config, repeat)
            for number, size in enumerate(sorted(set(settings.sizes))):
                rng = np.random.default_rng((settings.seed, 1 + number, repeat))
                for plan in plans(ground, size, rng):
                    for kind, tally in _tried(ground, plan, config, rng).items():
                        tallies[kind, size] += tally
    return Planting(planted_rows(tallies), _told(ground, tallies, still, settings.sizes))


def affordable(settings: ClusteringSettings, k: int) -> ClusteringSettings:
    """The settings for next windows of a window with k clusters."""
    if settings.k != "auto" or settings.k_rule == "split_test":
        return settings
    low, high = settings.k_range
    near = max(low, min(k - NEAR_K, high)), max(low, min(k + NEAR_K, high))
    return settings.model_copy(update={"k_range": near})


def tallied(plan: Plan, report: Report, alarms: Mapping[str, frozenset[str]]) -> dict[str, Tally]:
    """The counts of a plan by kind, with the alarms of each of its changes. A false event counts for the kind that it
    was reported as, in a plan of moves for the move."""
    loud = {kind: int(bool(metrics)) for kind, metrics in alarms.items()}
    if MOVE in alarms:
        return {MOVE: Tally(1, int(bool(alarms[MOVE] & SHARES)), len(report.false), loud[MOVE])}
    planted = {change.kind for change in plan.changes}
    return {
        kind: Tally(
            int(kind in planted),
            sum(noticed[0] == kind for noticed in report.noticed),
            sum(false[0] == kind for false in report.false),
            loud.get(kind, 0),
        )
        for kind in CHANGES
    }


def _tried(ground: Ground, plan: Plan, config: Configuration, rng: np.random.Generator) -> dict[str, Tally]:
    """Changes of segments are tracked together, and each raises its alarm, or none, in a next window of its own: there
    its segments are known, so that it costs no clustering."""
    together = scene(ground, plan, rng)
    report = tracked(together, config.clustering)
    if plan.changes[0].kind == MOVE:
        return tallied(plan, report, {MOVE: alarming(together, report.segments, config.drift, ground.history)})
    alone = {change.kind: scene(ground, Plan(plan.size, (change,)), rng) for change in plan.changes}
    alarms = {kind: alarming(single, single.true_ids, config.drift, ground.history) for kind, single in alone.items()}
    return tallied(plan, report, alarms)


def _still(ground: Ground, config: Configuration, repeat: int) -> Tally:
    nothing = scene(ground, Plan(0.0, ()), np.random.default_rng((config.planted.seed, 0, repeat)))
    report = tracked(nothing, config.clustering)
    alarms = alarming(nothing, report.segments, config.drift, ground.history)
    return Tally(planted=1, false=len(report.false), alarms=int(bool(alarms)))


def _why_not(ground: Ground, config: Configuration) -> str | None:
    settings = config.planted
    if not settings.repeats or not settings.sizes:
        return "planted.repeats or planted.sizes says that nothing is"
    if not ground.users:
        return "the window has no users"
    if round(max(settings.sizes) * ground.users) < FEWEST:
        return f"{ground.users} users: no change of planted.sizes touches {FEWEST}"
    return None


def _told(
    ground: Ground, tallies: Mapping[tuple[str, float], Tally], still: Tally, sizes: Iterable[float]
) -> dict[str, Any]:
    planted = {key for key, tally in tallies.items() if tally.planted}
    missing = [f"{kind} {s:g}" for kind in (*CHANGES, MOVE) for s in sorted(set(sizes)) if (kind, s) not in planted]
    return {
        "users_planted_in": ground.users,
        "users_of_the_window": ground.total,
        "segments": len(ground.sizes),
        "returning": ground.returning,
        "still_windows": still.planted,
        "still_false_events": still.false,
        "still_alarms": still.alarms,
        "not_planted": ", ".join(missing) + ": no room in the window's segments" if missing else "nothing left out",
    }
