"""What is known of each strategy after all windows judged so far: means and paired differences with intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan

import polars as pl

from interest_platform.domain.recommendation_tables import LEADING, ablated_names, less_metric
from interest_platform.recommendation.evaluation.bootstrap import Interval, mean_interval, mean_intervals
from interest_platform.recommendation.evaluation.gate import gate
from interest_platform.recommendation.evaluation.judge import PER_USER
from interest_platform.recommendation.evaluation.paired import difference


@dataclass(frozen=True)
class Measure:
    """A row of `recommendation_metrics`, but k and protocol."""

    strategy: str
    metric: str
    segment_id: str | None
    interval: Interval

    @property
    def row(self) -> dict[str, object]:
        """Its columns; limits are None where there is no interval."""
        low, high = (None if isnan(limit) else limit for limit in (self.interval.low, self.interval.high))
        told = {"strategy": self.strategy, "metric": self.metric, "segment_id": self.segment_id}
        return told | {"value": self.interval.value, "ci_low": low, "ci_high": high, "n_users": self.interval.n_users}


def pooled(rows: pl.DataFrame, rivals: Sequence[str], gated: Sequence[str], seed: int = 0) -> Iterator[Measure]:
    """From rows of `judge` over several windows, of one k: each metric of each strategy, over all users and windows.

    The leading metric is told for warm and cold users and for each segment too, and as a paired difference to each
    rival (`ndcg_less_NAME`) and to the strategy itself with segments shuffled and without; `gate` is 1 where one of
    `gated` may be published.
    """
    names = sorted(rows["strategy"].unique())
    for name in names:
        own = rows.filter(pl.col("strategy") == name)
        yield from _means(own, name, seed)
        yield from _kinds(own, name, seed)
        for rival in (*rivals, *(other for other in ablated_names(name) if other in names)):
            if rival != name:
                less = difference(rows, name, rival, LEADING, seed).interval
                yield Measure(name, less_metric(name, rival), None, less)
        if name in gated:
            passed = float(gate(rows, name, rivals, LEADING, seed).passed)
            yield Measure(name, "gate", None, Interval(passed, nan, nan, own["user_key"].n_unique(), own.height))


def _means(own: pl.DataFrame, name: str, seed: int) -> Iterator[Measure]:
    known = [metric for metric in PER_USER if not own[metric].null_count()]
    found = mean_intervals(own.select(known).to_numpy(), own["user_key"].to_numpy(), seed)
    for metric, interval in zip(known, found, strict=True):
        yield Measure(name, metric, None, interval)


def _kinds(own: pl.DataFrame, name: str, seed: int) -> Iterator[Measure]:
    for kind, some in (("warm", own.filter("warm")), ("cold", own.filter(~pl.col("warm")))):
        if some.height:
            yield Measure(name, f"{LEADING}_{kind}", None, _leading(some, seed))
    for segment in sorted(own["segment_id"].drop_nulls().unique()):
        yield Measure(name, LEADING, segment, _leading(own.filter(pl.col("segment_id") == segment), seed))


def _leading(rows: pl.DataFrame, seed: int) -> Interval:
    return mean_interval(rows[LEADING].to_numpy(), rows["user_key"].to_numpy(), seed)
