"""Who sees what: a variant by the hash of experiment and user, the same for ever, with nothing stored."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from interest_platform.errors import ExperimentError

SLOTS = 1_000_000
"""Into so many equal parts users are dealt; a share is rounded to one of them."""
HOLDOUT = "holdout"
"""Users who get no experiment at all. Its key is its own, so that it is the same people in every experiment."""
OUTSIDE = "outside"
"""Users who are in no variant of this experiment, where shares sum to less than 1."""
SEPARATOR = "\x1f"


def points(name: str, user_keys: Iterable[str]) -> np.ndarray:
    """Where users stand in [0, 1): the first 53 bits of SHA-256(name + byte 0x1F + user key), uniform, (n,) float64.

    Points of two names are independent, so experiments do not disturb each other.
    """
    start = hashlib.sha256((name + SEPARATOR).encode())
    heads = []
    for user_key in user_keys:
        state = start.copy()
        state.update(user_key.encode())
        heads.append(int.from_bytes(state.digest()[:8]) >> 11)
    return np.array(heads, np.float64) / 2**53


@dataclass(frozen=True)
class Assignment:
    """An experiment's name and its shares, stage by stage (ramping up adds a stage, and never rewrites one).

    `stages`: variant to share of the users who are not held out. The first stage lays the variants side by side; each
    later one takes from those that shrink and gives to those that grow, so that exactly the users that must move do
    (half the sum of |new - old| over variants and outside, the total variation distance: no rule can move fewer).
    `holdout`: the share of all users who are held out of every experiment with this `holdout_name`.
    """

    name: str
    stages: tuple[dict[str, float], ...]
    holdout: float = 0.0
    holdout_name: str = HOLDOUT

    def __post_init__(self) -> None:
        for name in (self.name, self.holdout_name):
            if not name or SEPARATOR in name:
                raise ExperimentError(f"{name!r} is no name for an experiment: give text without the byte 0x1F")
        if self.name == self.holdout_name:
            raise ExperimentError(f"experiment and holdout are both named {self.name}: they would share their hashes")
        if not 0 <= self.holdout < 1:
            raise ExperimentError(f"holdout is {self.holdout}: give a share from 0 to below 1")
        if not self.stages:
            raise ExperimentError(f"experiment {self.name} has no stage: give at least one mapping of variant to share")
        for stage in self.stages:
            _checked(self.name, stage)

    @cached_property
    def variants(self) -> tuple[str, ...]:
        """Names in the order of first appearance over the stages."""
        return tuple(dict.fromkeys(variant for stage in self.stages for variant in stage))

    @cached_property
    def layout(self) -> np.ndarray:
        """Which variant each slot belongs to: (SLOTS,) int16, -1 for outside."""
        owner = np.full(SLOTS, -1, np.int16)
        for stage in self.stages:
            wanted = [round(stage.get(variant, 0.0) * SLOTS) for variant in self.variants]
            for number, slots in enumerate(wanted):
                owner[np.flatnonzero(owner == number)[slots:]] = -1
            for number, slots in enumerate(wanted):
                missing = slots - int((owner == number).sum())
                owner[np.flatnonzero(owner == -1)[:missing]] = number
        return owner

    def assign(self, user_keys: pl.Series) -> pl.Series:
        """The variant of each user, `holdout` or `outside`; String, in the order given."""
        if user_keys.null_count():
            raise ExperimentError(f"{user_keys.null_count()} user keys are null: leave them out")
        names = np.array([*self.variants, OUTSIDE], dtype=object)
        slots = (points(self.name, user_keys) * SLOTS).astype(np.int64)
        chosen = names[self.layout[slots]]
        if self.holdout:
            chosen[points(self.holdout_name, user_keys) < self.holdout] = HOLDOUT
        return pl.Series("variant", chosen.tolist(), dtype=pl.String)


def strata_counts(assigned: pl.DataFrame) -> pl.DataFrame:
    """Users by segment and variant, and the variant's share of its segment: segment_id, variant, n_users, share.

    `assigned` has variant and segment_id. Strata are not forced to be equal: the hash knows nothing of segments, which
    change from window to window; what chance left uneven, post-stratification takes out (`cuped.stratified`).
    """
    counts = assigned.group_by("segment_id", "variant").agg(n_users=pl.len().cast(pl.Int64))
    share = (pl.col("n_users") / pl.col("n_users").sum().over("segment_id")).alias("share")
    return counts.with_columns(share).sort("segment_id", "variant")


def _checked(name: str, stage: dict[str, float]) -> None:
    if len(stage) < 2:
        raise ExperimentError(f"experiment {name} has the variants {list(stage)}: two or more are compared")
    if reserved := {HOLDOUT, OUTSIDE, ""} & set(stage):
        raise ExperimentError(f"experiment {name}: {sorted(reserved)[0]!r} is reserved; give the variant another name")
    if folded := len(stage) - len({variant.strip().casefold() for variant in stage}):
        raise ExperimentError(
            f"experiment {name}: {folded} of the variants {list(stage)} differ from another in case or blanks only"
        )
    for variant, share in stage.items():
        if not 0 <= share <= 1:
            raise ExperimentError(f"experiment {name}: the share of {variant} is {share}: give a share from 0 to 1")
    if (total := sum(stage.values())) > 1 + 1e-9:
        raise ExperimentError(f"experiment {name}: shares sum to {total:g}: they may sum to 1 at most")
