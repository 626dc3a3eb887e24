"""recommendation_outcomes and recommendation_metrics: how the last window's lists did in this one, and so far."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.assets.facts import Family, asset_facts
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.recommendation_ground import context_at, interactions_in
from interest_platform.checks import BEATS_RIVALS, SEGMENTS_HELP, Finding, contract
from interest_platform.configuration import RIVALS, RecommendationSettings
from interest_platform.domain.recommendation_tables import (
    RECOMMENDATION_METRICS,
    RECOMMENDATION_OUTCOMES,
    RECOMMENDATIONS,
)
from interest_platform.domain.tables import RAW_TEXTS
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.tracking import RunTags

if TYPE_CHECKING:
    from interest_platform.recommendation.context import Context
    from interest_platform.recommendation.evaluation.judge import Judged

FAMILY = Family("recommendation", frozenset({"numpy", "mlflow"}), code_version="1")
LAST = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
SCHEMA = pl.Schema({c.name: c.type.polars for c in RECOMMENDATION_OUTCOMES.body})
NOTHING = pl.DataFrame(schema=SCHEMA)
METRICS = pl.Schema({c.name: c.type.polars for c in RECOMMENDATION_METRICS.body})
DEPS: list[str | dg.AssetDep] = [RAW_TEXTS.name, dg.AssetDep(RECOMMENDATIONS.name, partition_mapping=LAST)]
ABLATED = "segment-smoothed"
"""The strategy of which it is asked whether segments help: it is EASE but for them."""
JUDGED = "fitted up to a window, judged in the next, full ranking"
"""The protocol, but for what is pooled."""


@dg.multi_asset(
    name=RECOMMENDATION_METRICS.name,
    specs=[
        dg.AssetSpec(table.name, deps=DEPS, **asset_facts(table, FAMILY))
        for table in (RECOMMENDATION_OUTCOMES, RECOMMENDATION_METRICS)
    ],
    check_specs=[
        check.spec
        for check in (
            contract("recommendation_outcomes"),
            contract("recommendation_metrics"),
            BEATS_RIVALS,
            SEGMENTS_HELP,
        )
    ],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def recommendation_metrics(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> Iterator[dg.MaterializeResult]:
    """Judge the lists made at the end of the last window by what users took up in this one; pool all windows so far."""
    given = settings.config.recommendation

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        later = interactions_in(lake.lake, window, version)
        judged = _judged(lake.lake, given, window, later, version)
        rows = pl.concat([NOTHING, *(each.rows.select(list(SCHEMA)).cast(SCHEMA) for each in judged)])
        so_far = _of_all(_pooled_rows(lake.lake, window, rows, version), given)
        metrics = pl.concat([_metrics(so_far, given), _of_lists(judged, given)])
        findings, lines = _findings(so_far, given, named=not later.is_empty())
        with tracking.tracker.clustering_run(window, _tags(context, window, version)) as run:
            run.tag("mlflow.note.content", f"Recommendations judged in {window} (UTC), a nested run a strategy.")
            for strategy, own in (
                metrics.filter(pl.col("segment_id").is_null()).partition_by("strategy", as_dict=True).items()
            ):
                params = {"strategy": strategy[0], "k": given.top, "history": given.history}
                run.nested(f"{strategy[0]} {window.key}", params, dict(own.select("metric", "value").iter_rows()))
        frames = {RECOMMENDATION_OUTCOMES.name: rows, RECOMMENDATION_METRICS.name: metrics}
        told = {"users_judged": rows["user_key"].n_unique(), "verdicts": lines}
        return write(Outcome(frames, version, told, findings, run.run_id))

    yield from load_windows(context, lake, work)


def _judged(
    lake: Lake, given: RecommendationSettings, window: Window, later: pl.DataFrame, version: int
) -> "list[Judged]":
    """Each strategy's lists of the last window, judged by the interactions of this one."""
    from interest_platform.recommendation.evaluation.judge import judge
    from interest_platform.recommendation.evaluation.outcomes import outcomes

    last = lake.settings.grid.shift(window, -1)
    lists = lake.read(RECOMMENDATIONS, [last], columns=["user_key", "strategy", "rank", "item_id"], version=version)
    if lists.is_empty():
        return []
    known = context_at(lake, last, version)
    done = outcomes(known, later)
    # users who were offered nothing, for they had been away, are not judged: nobody could have shown them a list
    done = done.of_users(np.flatnonzero(np.isin(known.interactions.users, lists["user_key"].unique().to_list())))
    if not len(done.rows):
        return []
    names = sorted(lists["strategy"].unique())
    of = {name: lists.filter(pl.col("strategy") == name) for name in names}
    ranked = {name: _places(known, done.rows, own, given.top) for name, own in of.items()}
    if ABLATED in names:
        ranked |= dict(_ablated(known, done.rows, given))
    return [judge(known, done, places, name, given.top) for name, places in ranked.items()]


def _places(known: "Context", rows: np.ndarray, lists: pl.DataFrame, k: int) -> np.ndarray:
    """Lists as columns of the context's items, (u, k), padded with -1."""
    users, items = known.interactions.users[rows], known.interactions.items
    own = lists.filter(pl.col("user_key").is_in(users.tolist()) & (pl.col("rank") <= k))
    ranked = np.full((len(rows), k), -1, np.int64)
    at = np.searchsorted(users, own["user_key"].to_numpy().astype(object))
    ranked[at, own["rank"].to_numpy() - 1] = np.searchsorted(items, own["item_id"].to_numpy().astype(object))
    return ranked


def _ablated(known: "Context", rows: np.ndarray, given: RecommendationSettings) -> Iterator[tuple[str, np.ndarray]]:
    """The lists with segments shuffled among users, and without."""
    from interest_platform.recommendation.evaluation.ablation import variants
    from interest_platform.recommendation.strategies import load_strategy
    from interest_platform.recommendation.top import top

    for variant in variants(load_strategy(ABLATED), given.seed)[1:]:
        yield variant.name, top(variant.fit(known), rows, given.top, [known.interactions.binary]).items


def _pooled_rows(lake: Lake, window: Window, rows: pl.DataFrame, version: int) -> pl.DataFrame:
    """This window's rows and those of all earlier ones, with `window_end`, which tells windows apart."""
    grid = lake.settings.grid
    earlier = [w for w in grid.lookback(window, lake.settings.config.recommendation.history) if w != window]
    before = lake.read(RECOMMENDATION_OUTCOMES, earlier, version=version)
    now = rows.select(pl.lit(window.start).cast(pl.Datetime("us")).alias("window_start"), pl.all())
    return pl.concat([before.select(now.columns), now]).rename({"window_start": "window_end"})


def _metrics(rows: pl.DataFrame, given: RecommendationSettings) -> pl.DataFrame:
    """Rows of `recommendation_metrics` that are pooled over windows."""
    from interest_platform.recommendation.evaluation.pooled import pooled

    protocol = f"{JUDGED}, pooled over {rows['window_end'].n_unique()} windows"
    told = [m.row | {"k": given.top, "protocol": protocol} for m in pooled(rows, RIVALS, _gated(given), given.seed)]
    return pl.DataFrame(told, METRICS)


def _of_lists(judged: "Sequence[Judged]", given: RecommendationSettings) -> pl.DataFrame:
    """Rows of what holds of all lists of a window together."""
    told = [
        {"strategy": each.rows["strategy"][0], "metric": metric, "k": given.top, "value": value}
        | {"n_users": each.rows.height, "protocol": f"{JUDGED}, the lists of the window's users"}
        for each in judged
        for metric, value in (("coverage", each.coverage), ("gini", each.gini))
    ]
    return pl.DataFrame(told, METRICS)


def _findings(rows: pl.DataFrame, given: RecommendationSettings, named: bool) -> tuple[list[Finding], list[str]]:
    """What the checks find, and the verdicts in lines; nothing is wrong with a window whose texts name no item."""
    from interest_platform.recommendation.evaluation.ablation import do_segments_help
    from interest_platform.recommendation.evaluation.gate import gate

    if rows.is_empty():
        nothing = f"no window has lists of all of {', '.join(given.judged)} that a user could be judged by"
        return [check.found(not named, verdict=nothing) for check in (BEATS_RIVALS, SEGMENTS_HELP)], [nothing]
    verdicts = [gate(rows, name, RIVALS, seed=given.seed) for name in _gated(given)]
    lines = [verdict.line for verdict in verdicts]
    findings = [BEATS_RIVALS.found(any(v.passed for v in verdicts), verdict="; ".join(lines))]
    if ABLATED in given.judged:
        answer = do_segments_help(rows, ABLATED, seed=given.seed)
        findings.append(SEGMENTS_HELP.found(answer.helps, verdict=answer.line))
        lines.append(answer.line)
    return findings, lines


def _gated(given: RecommendationSettings) -> list[str]:
    return [name for name in given.judged if name not in RIVALS]


def _of_all(rows: pl.DataFrame, given: RecommendationSettings) -> pl.DataFrame:
    """Rows of the strategies of now, in the windows that all of them have been judged in: pairs need both."""
    own = pl.col("strategy").is_in(given.judged)
    if ABLATED in given.judged:
        own |= pl.col("strategy").str.starts_with(f"{ABLATED} (")
    rows = rows.filter(own & (pl.col("k") == given.top))
    judged = rows["strategy"].is_in(given.judged)
    whole = rows.filter(judged).group_by("window_end").agg(pl.col("strategy").n_unique())
    kept = whole.filter(pl.col("strategy") == len(given.judged))["window_end"]
    return rows.filter(pl.col("window_end").is_in(kept.implode()))


def _tags(context: dg.AssetExecutionContext, window: Window, version: int) -> RunTags:
    return RunTags(
        dagster_run_id=context.run_id,
        asset=RECOMMENDATION_METRICS.name,
        partition=window.key,
        code_version=FAMILY.code_version,
        encoder="",
        lake_version=version,
    )
