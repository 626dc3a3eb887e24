"""A measured change as a row of drift_metrics."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import polars as pl

from interest_platform.dynamics.drift.permutation import Test
from interest_platform.dynamics.drift.pool import Pool
from interest_platform.numerics.multiplicity import q_values

WINDOW, SEGMENT = "window", "segment"
SCHEMA = pl.Schema(
    {
        "scope": pl.String(),
        "segment_id": pl.String(),
        "metric": pl.String(),
        "value": pl.Float64(),
        "p_value": pl.Float64(),
        "q_value": pl.Float64(),
        "effect": pl.Float64(),
        "n_before": pl.Int64(),
        "n_after": pl.Int64(),
        "cause": pl.String(),
        "reference": pl.String(),
        "detail": pl.String(),
    }
)


@dataclass(frozen=True)
class Measure:
    """A row of drift_metrics before its q-value; `detail` is written as JSON."""

    metric: str
    value: float
    n_before: int
    n_after: int
    cause: str | None = None
    p_value: float | None = None
    effect: float | None = None
    segment_id: str | None = None
    detail: Any = None

    def of_segment(self, segment: str) -> "Measure":
        """The same, of a segment."""
        return replace(self, segment_id=segment)


def measured(metric: str, test: Test, pool: Pool, *, scale: float = 1.0, root: bool = False, **more: Any) -> Measure:
    """A measure with its test.

    The effect is sqrt((statistic - its mean under the null) / scale), 0 where the statistic is below that mean: every
    statistic here is a square, so that the effect grows as the share of users that changed. `root` gives the value as
    the statistic's root.
    """
    value = sqrt(max(test.statistic, 0)) if root else test.statistic
    effect = sqrt(test.excess() / scale) if scale > 0 else 0.0
    return Measure(metric, value, pool.n_before, pool.n_after, p_value=test.p_value, effect=effect, **more)


def as_frame(measures: Iterable[Measure], reference: str) -> pl.DataFrame:
    """The columns of drift_metrics without window_start, sorted: the window first, then segments.

    q-values correct over all measures of all segments; for the window, over the measures of the same kind: what came in
    (cause `ingest`), and what users are interested in. So each of the three raises one false alarm in 20 windows.
    """
    rows = [
        {
            "scope": WINDOW if m.segment_id is None else SEGMENT,
            **{name: getattr(m, name) for name in SCHEMA if hasattr(m, name)},
            "detail": None if m.detail is None else json.dumps(m.detail, ensure_ascii=False, sort_keys=True),
            "reference": reference,
            "family": SEGMENT if m.segment_id is not None else f"{WINDOW} {m.cause == 'ingest'}",
        }
        for m in measures
    ]
    frame = pl.DataFrame(rows, {**SCHEMA, "family": pl.String()})
    corrected = [_corrected(part) for _, part in frame.group_by("family", maintain_order=True)] or [frame]
    return pl.concat(corrected).sort("segment_id", "metric", nulls_last=False).select(*SCHEMA)


def _corrected(family: pl.DataFrame) -> pl.DataFrame:
    with_test = family.filter(pl.col("p_value").is_not_null())
    q = pl.Series("q_value", q_values(with_test["p_value"].to_list()), pl.Float64)
    return pl.concat([with_test.with_columns(q), family.filter(pl.col("p_value").is_null())])
