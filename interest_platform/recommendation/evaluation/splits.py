"""What is learned from and what is judged by: the protocols of the field, from frames of user_key, item_id and ts.

Only the splits by global time are honest (Meng et al. 2020, RecSys; Hidasi and Czapp 2023, RecSys): in the others what
some users did later is known when others are judged earlier. They are here to compare with what has been published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError

WARM = 5
"""Interactions before the split from which on a user is warm."""


@dataclass(frozen=True)
class Split:
    """Two parts of the rows of a frame, none in both; all of `train` is before `until`."""

    train: pl.DataFrame
    test: pl.DataFrame
    until: datetime

    def users(self, fewest: int = WARM) -> tuple[pl.Series, pl.Series]:
        """Those of `test`, sorted: warm ones, with at least `fewest` rows of `train`, and cold ones."""
        known = self.train.group_by("user_key").len().filter(pl.col("len") >= fewest)
        judged = self.test.select(pl.col("user_key").unique())
        warm, cold = (judged.join(known, on="user_key", how=how) for how in ("semi", "anti"))  # type: ignore[arg-type]
        return warm["user_key"].sort(), cold["user_key"].sort()


def random_split(frame: pl.DataFrame, share: float = 0.2, seed: int = 0) -> Split:
    """Each row is judged with the probability `share`; the rows' order matters as much as the seed."""
    _check(frame, share)
    judged = np.random.default_rng(seed).random(frame.height) >= 1 - share
    return _split(frame, pl.Series(judged))


def per_user_time_split(frame: pl.DataFrame, share: float = 0.2) -> Split:
    """The last `share` of each user's rows is judged, rounded up; rows of one moment stay in the frame's order."""
    _check(frame, share)
    # rounded first: 10 * (1 - .2) may be a little less than 8
    kept = (pl.len().over("user_key") * (1 - share)).round(9).floor()
    return _split(frame, frame.select(_place(descending=False) > kept).to_series())


def leave_last_out(frame: pl.DataFrame) -> Split:
    """The last row of each user who has two is judged; rows of one moment are in the frame's order."""
    _check(frame)
    last = (_place(descending=True) == 1) & (pl.len().over("user_key") > 1)
    return _split(frame, frame.select(last).to_series())


def global_time_split(frame: pl.DataFrame, share: float = 0.2) -> Split:
    """The last `share` of all rows is judged; rows of one moment stay together."""
    _check(frame, share)
    cut = frame["ts"].sort()[round((1 - share) * (frame.height - 1))]
    return time_split(frame, cut)


def time_split(frame: pl.DataFrame, at: datetime, before: datetime | None = None) -> Split:
    """What is in [at, before) is judged by what is before `at`."""
    ahead = pl.col("ts") >= at
    test = frame.filter(ahead if before is None else ahead & (pl.col("ts") < before))
    return Split(frame.filter(pl.col("ts") < at), test, at)


def rolling_splits(frame: pl.DataFrame, windows: Sequence[Window], horizon: int = 1) -> Iterator[tuple[Window, Split]]:
    """Each window that has `horizon` windows after it, and the split at its end: those windows are judged."""
    if horizon < 1:
        raise ContractError(f"a horizon of {horizon} windows: 1 or more is allowed")
    for now, until in zip(windows, windows[horizon:], strict=False):
        yield now, time_split(frame, now.end, until.end)


def _check(frame: pl.DataFrame, share: float = 0.5) -> None:
    if frame.is_empty():
        raise ContractError("no interactions to split: at least one is needed")
    if not 0 < share < 1:
        raise ContractError(f"a share of {share} to judge by: more than 0 and less than 1 is allowed")


def _place(descending: bool) -> pl.Expr:
    """1 for the user's first row (the last one if descending)."""
    return (
        pl.struct("ts", pl.int_range(pl.len(), dtype=pl.Int64)).rank("ordinal", descending=descending).over("user_key")
    )


def _split(frame: pl.DataFrame, judged: pl.Series) -> Split:
    train = frame.filter(~judged)
    last: datetime = frame["ts"].max()  # type: ignore[assignment]
    return Split(train, frame.filter(judged), last + timedelta(microseconds=1))
