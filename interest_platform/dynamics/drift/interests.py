"""Measures of what users are interested in: of the window, and of each segment that both windows have."""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interest_platform.configuration import DriftSettings
from interest_platform.dynamics.drift.distances import Rows, distances, mean_shift
from interest_platform.dynamics.drift.findings import Measure, measured
from interest_platform.dynamics.drift.mixes import mix_statistics
from interest_platform.dynamics.drift.permutation import permutation_tests
from interest_platform.dynamics.drift.pool import Pool
from interest_platform.dynamics.drift.ruler import NONE
from interest_platform.dynamics.drift.sides import Interests


def seed_of(settings: DriftSettings, name: str) -> tuple[int, int]:
    """The seed of a part of the work, so that no part's draws depend on which others are done."""
    return settings.seed, zlib.crc32(name.encode())


def window_measures(interests: Interests, settings: DriftSettings, cause: str | None) -> Iterator[Measure]:
    """mmd, energy, centroid_shift (with the window's main cause), js_shares and psi_shares."""
    yield from distance_measures(interests.rows, interests.pool, settings, "window", cause)
    if (interests.own != NONE).any() and interests.pool.testable:
        yield from _share_measures(interests, settings)


def segment_measures(interests: Interests, settings: DriftSettings) -> Iterator[Measure]:
    """mmd, energy and centroid_shift of the users in each segment, told by one ruler."""
    for segment in interests.segments:
        rows, pool = interests.of_segment(segment)
        for measure in distance_measures(rows, pool, settings, segment, "within"):
            yield measure.of_segment(segment)


def distance_measures(
    rows: Rows, pool: Pool, settings: DriftSettings, name: str, cause: str | None
) -> Iterator[Measure]:
    """The three distances, each with its test, on a sample where a window has more than `max_users`.

    None where one window has no user here.
    """
    units = pool.sample(settings.max_users, np.random.default_rng(seed_of(settings, name)))
    some, chosen = (rows, pool) if len(units) == len(pool.user) else (rows.take(units), pool.take(units))
    if not chosen.testable:
        return
    both, (shift, variance) = distances(some, chosen), mean_shift(some)
    statistics = {"mmd": both.mmd, "energy": both.energy, "centroid_shift": shift}
    tests = permutation_tests(statistics, chosen, settings.permutations, seed_of(settings, name))
    more: dict[str, Any] = {
        "cause": cause,
        "detail": None if chosen is pool else {"sampled": [chosen.n_before, chosen.n_after]},
    }
    yield measured("mmd", tests["mmd"], pool, **more)
    yield measured("energy", tests["energy"], pool, scale=2 * both.between, **more)
    yield measured("centroid_shift", tests["centroid_shift"], pool, scale=variance, root=True, **more)


def _share_measures(interests: Interests, settings: DriftSettings) -> Iterator[Measure]:
    names, number = np.unique(interests.common, return_inverse=True)
    amounts = interests.rows.sums(np.eye(len(names), dtype=np.float32)[number])
    pool = interests.pool
    tests = permutation_tests(mix_statistics(amounts), pool, settings.permutations, seed_of(settings, "shares"))
    told = {str(n): pair for n, pair in zip(names, _shares(amounts, pool), strict=True)}
    yield measured("js_shares", tests["js"], pool, cause="mix", detail={"shares": told})
    yield measured("psi_shares", tests["psi"], pool, cause="mix", detail={"shares": told})


def _shares(amounts: NDArray[np.float32], pool: Pool) -> list[list[float]]:
    sides = [amounts[side].mean(axis=0, dtype=np.float64) for side in (pool.before, ~pool.before)]
    return [[round(float(a), 6), round(float(b), 6)] for a, b in zip(*sides, strict=True)]
