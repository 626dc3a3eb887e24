"""Measures of what users wrote in the two windows: what came in, and the words that moved."""

from collections.abc import Iterator
from math import log2
from typing import Any

import numpy as np
import polars as pl

from interest_platform.configuration import DriftSettings
from interest_platform.dynamics.drift import ingest
from interest_platform.dynamics.drift.findings import Measure, measured
from interest_platform.dynamics.drift.interests import seed_of
from interest_platform.dynamics.drift.mixes import jensen_shannon, of_sums
from interest_platform.dynamics.drift.permutation import permutation_tests
from interest_platform.dynamics.drift.pool import pool_of, pooled
from interest_platform.dynamics.drift.sides import Side
from interest_platform.dynamics.drift.vocabulary import word_counts, words_that_moved


def texts_of(before: Side, after: Side) -> pl.DataFrame:
    """Both windows' own texts, pooled, with `repeated`."""
    sides = [
        side.texts.with_columns(repeated=pl.len().over("text_hash") > 1).drop("text_hash") for side in (before, after)
    ]
    return pooled(sides[0], sides[1])


def ingest_measures(texts: pl.DataFrame, settings: DriftSettings) -> Iterator[Measure]:
    """volume (no test), texts_per_user, text_length, duplicates, languages and sources; users exchanged as blocks."""
    pool = pool_of(texts)
    unit, sides = texts["unit"].to_numpy(), texts["before"].to_numpy()
    counts = [int(sides.sum()), int((~sides).sum())]
    ratio = log2((counts[1] + 0.5) / (counts[0] + 0.5))
    yield Measure("volume", ratio, pool.n_before, pool.n_after, "ingest", detail={"texts": counts})
    if not pool.testable:
        return
    # logarithms: a few users write very much, a few texts are very long
    per_user = np.log2(np.bincount(unit))
    lengths = np.log2(1 + texts["n_tokens"].fill_null(0).to_numpy())
    means = {
        "texts_per_user": ingest.mean_of(per_user, np.arange(len(per_user)), pool.before),
        "text_length": ingest.mean_of(lengths, unit, pool.before),
        "duplicates": ingest.mean_of(texts["repeated"].to_numpy().astype(np.float64), unit, pool.before),
    }
    mixes = {
        name: ingest.category_counts(texts, column, len(per_user))
        for name, column in (("languages", "lang"), ("sources", "source"))
    }
    statistics = {name: mean.statistic for name, mean in means.items()}
    statistics |= {name: ingest.mix_of(amounts) for name, (_, amounts) in mixes.items()}
    tests = permutation_tests(statistics, pool, settings.permutations, seed_of(settings, "ingest"))
    detail: dict[str, Any]
    for name, mean in means.items():
        detail = {"means": [round(mean.before, 6), round(mean.after, 6)]}
        yield measured(name, tests[name], pool, scale=mean.variance, root=True, cause="ingest", detail=detail)
    for name, (names, amounts) in mixes.items():
        told = [amounts[side].sum(axis=0).astype(int).tolist() for side in (pool.before, ~pool.before)]
        detail = {"texts": {n: [a, b] for n, a, b in zip(names, *told, strict=True)}}
        yield measured(name, tests[name], pool, cause="ingest", detail=detail)


def vocabulary_measures(
    texts: pl.DataFrame, settings: DriftSettings, name: str, cause: str | None
) -> Iterator[Measure]:
    """vocabulary: Jensen-Shannon divergence of the words of these pooled texts, with the words that moved."""
    rows = texts.with_columns(unit=pl.col("unit").rle_id().cast(pl.Int64))
    pool = pool_of(rows)
    if not pool.testable:
        return
    units = pool.sample(settings.max_users, np.random.default_rng(seed_of(settings, name)))
    chosen = pool.take(units)
    some = rows.filter(pl.col("unit").is_in(units)).with_columns(unit=pl.col("unit").rle_id().cast(pl.Int64))
    words = word_counts(some, len(units))
    if not words.words or not chosen.testable:
        return
    statistic = {name: of_sums(words.counts, jensen_shannon)}
    test = permutation_tests(statistic, chosen, settings.permutations, seed_of(settings, name))[name]
    detail: dict[str, Any] = dict(words_that_moved(words, chosen.before))
    if len(units) < len(pool.user):
        detail["sampled"] = [chosen.n_before, chosen.n_after]
    yield measured("vocabulary", test, pool, cause=cause, detail=detail)


def segment_vocabulary(texts: pl.DataFrame, users: pl.DataFrame, settings: DriftSettings) -> Iterator[Measure]:
    """vocabulary of each segment: `users` has user_key, before and segment_id, of segments that both windows have."""
    placed = texts.join(users, on=["user_key", "before"], how="inner", maintain_order="left")
    for (segment,), part in sorted(placed.partition_by("segment_id", as_dict=True).items()):
        for measure in vocabulary_measures(part, settings, f"words of {segment}", "within"):
            yield measure.of_segment(str(segment))
