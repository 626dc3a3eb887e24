"""recommendation_outcomes and recommendation_metrics: how earlier lists did up to this window, and so far."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.assets.recommendation_ground import ContextReader
from interest_platform.assets.recommendation_judging import ABLATED, judged_in
from interest_platform.checks import BEATS_RIVALS, SEGMENTS_HELP, Finding
from interest_platform.configuration import RIVALS, RecommendationSettings
from interest_platform.domain.recommendation_tables import (
    RECOMMENDATION_METRICS,
    RECOMMENDATION_OUTCOMES,
)
from interest_platform.domain.steps import RECOMMENDATION_METRICS_STEP
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.tracking import RunTags

if TYPE_CHECKING:
    from interest_platform.recommendation.evaluation.judge import Judged

FAMILY = Family("recommendation", frozenset({"numpy", "mlflow"}), code_version="2")
SCHEMA = pl.Schema({c.name: c.type.polars for c in RECOMMENDATION_OUTCOMES.body})
NOTHING = pl.DataFrame(schema=SCHEMA)
METRICS = pl.Schema({c.name: c.type.polars for c in RECOMMENDATION_METRICS.body})


@dg.multi_asset(
    name=RECOMMENDATION_METRICS.name,
    specs=specs_of(RECOMMENDATION_METRICS_STEP, FAMILY),
    check_specs=check_specs_of(RECOMMENDATION_METRICS_STEP, BEATS_RIVALS, SEGMENTS_HELP),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def recommendation_metrics(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> Iterator[dg.MaterializeResult]:
    """Judge the lists of `recommendation.horizon` windows ago by what users took up since; pool all windows so far."""
    given = settings.config.recommendation
    reader = ContextReader(lake.lake)

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        judging = judged_in(reader, window, version, lambda told: context.log.warning(f"{window.key}: {told}"))
        rows = pl.concat([NOTHING, *(_as_rows(each, given) for each in judging.judged)])
        so_far = _of_all(_pooled_rows(lake.lake, window, rows, version), given)
        metrics = pl.concat([_metrics(so_far, given), _of_lists(judging.judged, given)])
        named = not reader.interactions([window], version).is_empty()
        findings, lines = _findings(so_far, given, named)
        with tracking.tracker.clustering_run(window, _tags(context, window, version)) as run:
            run.tag("mlflow.note.content", f"Recommendations judged in {window} (UTC), a nested run a strategy.")
            for strategy, own in (
                metrics.filter(pl.col("segment_id").is_null()).partition_by("strategy", as_dict=True).items()
            ):
                params = {"strategy": strategy[0], "k": given.top, "history": given.history, "horizon": given.horizon}
                run.nested(f"{strategy[0]} {window.key}", params, dict(own.select("metric", "value").iter_rows()))
        frames = {RECOMMENDATION_OUTCOMES.name: rows, RECOMMENDATION_METRICS.name: metrics}
        told = {
            "users_judged": rows["user_key"].n_unique(),
            "verdicts": lines,
            "lists_of": judging.made.key,
            "judged_as_of_lake_version": judging.version,
        }
        return write(Outcome(frames, version, told, findings, run.run_id))

    yield from load_windows(context, lake, work)


def _as_rows(judged: "Judged", given: RecommendationSettings) -> pl.DataFrame:
    horizon = pl.lit(given.horizon, pl.Int32).alias("horizon")
    return judged.rows.with_columns(horizon).select(list(SCHEMA)).cast(SCHEMA)


def _protocol(given: RecommendationSettings) -> str:
    """How it was judged, but for what is pooled."""
    by = "the next" if given.horizon == 1 else f"the next {given.horizon}"
    return f"fitted up to a window, judged in {by}, full ranking"


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

    protocol = f"{_protocol(given)}, pooled over {rows['window_end'].n_unique()} windows"
    told = [m.row | {"k": given.top, "protocol": protocol} for m in pooled(rows, RIVALS, _gated(given), given.seed)]
    return pl.DataFrame(told, METRICS)


def _of_lists(judged: "Sequence[Judged]", given: RecommendationSettings) -> pl.DataFrame:
    """Rows of what holds of all lists of a window together."""
    told = [
        {"strategy": each.rows["strategy"][0], "metric": metric, "k": given.top, "value": value}
        | {"n_users": each.rows.height, "protocol": f"{_protocol(given)}, the lists of the window's users"}
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
    """Rows of the strategies, k and horizon of now, in windows that all strategies were judged in: pairs need both."""
    own = pl.col("strategy").is_in(given.judged)
    if ABLATED in given.judged:
        own |= pl.col("strategy").str.starts_with(f"{ABLATED} (")
    rows = rows.filter(own & (pl.col("k") == given.top) & (pl.col("horizon").fill_null(1) == given.horizon))
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
