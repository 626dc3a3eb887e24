"""Everything measured between a reference window and this one."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from interest_platform.configuration import DriftSettings
from interest_platform.dynamics.drift import ingest
from interest_platform.dynamics.drift.authors import (
    ingest_measures,
    segment_vocabulary,
    texts_of,
    vocabulary_measures,
)
from interest_platform.dynamics.drift.causes import CAUSES, Causes, Members, decompose
from interest_platform.dynamics.drift.findings import Measure, as_frame
from interest_platform.dynamics.drift.interests import segment_measures, window_measures
from interest_platform.dynamics.drift.sides import Interests, Side, interests_of


def drift_metrics(before: Side, after: Side, settings: DriftSettings) -> pl.DataFrame:
    """The columns of drift_metrics without window_start: how `after` differs from the reference `before`.

    Neither the order of rows nor the number of threads changes a p-value. Where the windows are of two encoders, their
    vectors are not compared; where one has no user, only the volume is measured. Raises `MixedEncodersError` where one
    window has vectors of several encoders.
    """
    from threadpoolctl import threadpool_limits

    # pools are samples, so products are small: several threads take more of the processor's time than they save
    with threadpool_limits(limits=1):
        return as_frame(_measures(before, after, settings), before.window)


def _measures(before: Side, after: Side, settings: DriftSettings) -> Iterator[Measure]:
    texts = texts_of(before, after)
    yield from ingest_measures(texts, settings)
    cause: str | None = None
    if before.interests.height and after.interests.height:
        yield _model(before, after)
        cause = "model"
        if before.encoder == after.encoder:
            interests = interests_of(before, after)
            change = _causes(interests, before, after)
            cause = max(CAUSES, key=lambda name: change.parts[name]) if change.total > 0 else None
            yield from _change(change, interests)
            yield from window_measures(interests, settings, cause)
            yield from segment_measures(interests, settings)
            users = interests.strongest.filter(pl.col("segment_id").is_in(interests.segments))
            yield from segment_vocabulary(texts, users, settings)
    yield from vocabulary_measures(texts, settings, "words", cause)


def _model(before: Side, after: Side) -> Measure:
    """model_changed: 1 where the encoder or the clustering's settings are others than in the reference."""
    told = {
        name: [a, b]
        for name, a, b in (
            ("encoder", before.encoder, after.encoder),
            ("clustering", before.settings, after.settings),
        )
        if a != b
    }
    users = [side.interests["user_key"].n_unique() for side in (before, after)]
    return Measure("model_changed", float(bool(told)), users[0], users[1], "model", detail=told or None)


def _change(change: Causes, interests: Interests) -> Iterator[Measure]:
    """change, and change_mix, change_within, change_model and change_ingest, which sum to it; effect: share of it."""
    pool = interests.pool
    parts = {s: [round(m, 9), round(w, 9)] for s, (m, w) in change.by_segment.items()}
    yield Measure("change", change.total, pool.n_before, pool.n_after, detail={"mix and within by segment": parts})
    for cause in CAUSES:
        part = change.parts[cause]
        share = part / change.total if change.total > 0 else 0.0
        yield Measure(f"change_{cause}", part, pool.n_before, pool.n_after, cause, effect=share)


def _causes(interests: Interests, before: Side, after: Side) -> Causes:
    group = _groups(interests, before, after)
    sides = [
        Members(
            interests.rows.vectors[side],
            interests.rows.weight[side] / interests.rows.weight[side].sum(),
            interests.own[side],
            interests.common[side],
            group[side],
        )
        for side in (interests.before, ~interests.before)
    ]
    return decompose(sides[0], sides[1], before.settings == after.settings)


def _groups(interests: Interests, before: Side, after: Side) -> np.ndarray:
    """Where each row's user has the texts from, in its own window: (rows,)."""
    known = pl.concat(
        ingest.groups(ingest.with_repeats(side.history)).with_columns(before=pl.lit(is_before))
        for side, is_before in ((before, True), (after, False))
    )
    rows = {"user_key": interests.users, "before": interests.before}
    frame = pl.DataFrame(rows, {"user_key": pl.String, "before": pl.Boolean})
    found = frame.join(known, on=["user_key", "before"], how="left", maintain_order="left")["group"]
    return ingest.without_rare(found.fill_null("none").to_numpy().astype(str))
