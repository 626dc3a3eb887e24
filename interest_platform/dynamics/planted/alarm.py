"""The window's drift alarm on a planted passage: those of its measures that cost little."""

from collections.abc import Iterator
from math import ceil

import numpy as np
import polars as pl

from interest_platform.configuration import DriftSettings
from interest_platform.dynamics.drift.alarms import judged
from interest_platform.dynamics.drift.distances import Rows, mean_shift
from interest_platform.dynamics.drift.findings import Measure, as_frame, measured
from interest_platform.dynamics.drift.interests import seed_of
from interest_platform.dynamics.drift.mixes import mix_statistics
from interest_platform.dynamics.drift.permutation import permutation_tests
from interest_platform.dynamics.drift.pool import Pool
from interest_platform.dynamics.drift.sides import Interests
from interest_platform.dynamics.planted.scene import PRESENT, Scene

SHARES = frozenset({"js_shares", "psi_shares"})
"""The measures of who is in which segment: what can tell of users who move while the segments stay."""

DRAWS = 10
"""Exchanges of users in the units of 1 / alpha: enough to tell a p-value below alpha from one above."""


def alarming(scene: Scene, segments: np.ndarray, drift: DriftSettings, history: pl.DataFrame) -> frozenset[str]:
    """Measures of the window that raise an alarm, of centroid_shift, js_shares and psi_shares.

    `segments` (m,) are the ids of the next window's users, `history` the measures of the windows before. MMD and energy
    distance are left out: their matrices would cost more than all the rest.
    """
    before, after = scene.before, scene.after
    own = np.concatenate([np.char.add(PRESENT, before.segments.astype(str)), segments])
    users = np.concatenate([before.users, after.users])
    is_before = np.arange(len(users)) < len(before.users)
    order = np.lexsort((~is_before, users))
    number = np.unique(users[order], return_inverse=True)[1].astype(np.int64)
    vectors = np.concatenate([before.vectors, after.vectors])[order]
    rows = Rows(vectors, np.arange(len(order)), np.ones(len(order)))
    pool = Pool(number, is_before[order])
    none = np.zeros(len(order), np.int32)
    interests = Interests(users[order].astype(str), none, is_before[order], rows, pool, own[order])
    frame = as_frame(_measures(interests, drift), "planted")
    return frozenset(judged(frame, history, drift).filter("alarm")["metric"])


def _measures(interests: Interests, drift: DriftSettings) -> Iterator[Measure]:
    pool, (shift, variance) = interests.pool, mean_shift(interests.rows)
    if not pool.testable:
        return
    names, number = np.unique(interests.common, return_inverse=True)
    shares = mix_statistics(np.eye(len(names), dtype=np.float32)[number])
    draws = min(drift.permutations, ceil(DRAWS / drift.alpha) - 1)
    tests = permutation_tests({"shift": shift, **shares}, pool, draws, seed_of(drift, "planted"))
    yield measured("centroid_shift", tests["shift"], pool, scale=variance, root=True)
    yield measured("js_shares", tests["js"], pool, cause="mix")
    yield measured("psi_shares", tests["psi"], pool, cause="mix")
