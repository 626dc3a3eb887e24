"""A strategy's lists at the end of one window, judged: a row a user, and what holds of all lists together."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_platform.recommendation.context import Context
from interest_platform.recommendation.evaluation.beyond import diversity, novelty, serendipity
from interest_platform.recommendation.evaluation.debiased import debiased_at_k
from interest_platform.recommendation.evaluation.metrics import METRICS, metrics_at_k
from interest_platform.recommendation.evaluation.outcomes import Outcomes
from interest_platform.recommendation.evaluation.popularity import coverage, exposure, gini, list_popularity
from interest_platform.recommendation.known import users_known, users_of

PER_USER = (*METRICS, "debiased_recall", "debiased_ndcg", "novelty", "serendipity", "diversity", "popularity")
"""Columns of numbers of a user's row; diversity is null where no item's vector is known."""


@dataclass(frozen=True)
class Judged:
    """`rows`: window_end, user_key, segment_id (the largest, null: unknown), warm, strategy, k, and `PER_USER`.

    `coverage` and `gini` are of all lists together, the other two of `Outcomes`.
    """

    rows: pl.DataFrame
    coverage: float
    gini: float
    unknown_users: int
    unknown_share: float


def judge(context: Context, done: Outcomes, ranked: NDArray[np.integer], strategy: str, k: int) -> Judged:
    """`ranked` (u, k) are the lists of the users of `done`, columns of the context's items padded with -1."""
    known = context.interactions
    number, active = users_of(known), int(users_known(known).sum())
    lists, vectors = ranked[:, :k], context.item_vectors
    values = {
        **metrics_at_k(lists, done.relevant, k),
        **debiased_at_k(lists, done.relevant, np.pad(number, (0, done.relevant.shape[1] - len(number))), k),
        "novelty": novelty(lists, number, active),
        "serendipity": serendipity(lists, done.relevant, number),
        "diversity": np.full(len(lists), None) if vectors is None else diversity(lists, vectors),
        "popularity": list_popularity(lists, number, active),
    }
    shown = exposure(lists, len(known.items))
    rows = pl.DataFrame(
        {
            "window_end": pl.Series([context.end] * len(lists), dtype=pl.Datetime("us")),
            "user_key": pl.Series(known.users[done.rows], dtype=pl.String),
            "segment_id": pl.Series(context.segments_of(done.rows), dtype=pl.String),
            "warm": done.warm,
            "strategy": pl.Series([strategy] * len(lists), dtype=pl.String),
            "k": pl.Series([k] * len(lists), dtype=pl.Int32),
            **{name: pl.Series(values[name], dtype=pl.Float64) for name in PER_USER},
        }
    )
    return Judged(rows, coverage(shown), gini(shown), done.unknown_users, done.unknown_share)
