"""drift_metrics: how the window differs from its reference, whether chance explains it, and why."""

import base64
from datetime import datetime

import dagster as dg
import polars as pl

from interest_platform.assets.facts import Family, asset_facts, check_specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import (
    SAME_MODEL,
    STEADY_INGEST,
    STEADY_INTERESTS,
    STEADY_SEGMENTS,
    Check,
    Finding,
)
from interest_platform.configuration import DriftSettings
from interest_platform.domain.dynamics_tables import DRIFT_METRICS, SEGMENT_IDENTITIES
from interest_platform.domain.offsets import USUAL
from interest_platform.domain.steps import DRIFT_METRICS_STEP
from interest_platform.domain.tables import (
    CLEANED_TOKENS,
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    RAW_TEXTS,
    USER_INTERESTS,
)
from interest_platform.domain.windows import Window, WindowGrid
from interest_platform.dynamics.drift import SCHEMA, Side, judged, reference_of, with_segments
from interest_platform.dynamics.drift import drift_metrics as drift_of
from interest_platform.lake import Lake
from interest_platform.lake.past import drift_history
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.tracking import Tracker
from interest_platform.tracking.drift_picture import drift_timeline

FAMILY = Family("segments", frozenset({"polars", "numpy", "mlflow"}), code_version="2")
CHECKS = (STEADY_INTERESTS, STEADY_SEGMENTS, STEADY_INGEST, SAME_MODEL)
TOLD = 20
"""Alarms a check names at most."""


@dg.asset(
    **asset_facts(DRIFT_METRICS, FAMILY),
    deps=DRIFT_METRICS_STEP.inputs,
    check_specs=check_specs_of(DRIFT_METRICS_STEP, *CHECKS),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def drift_metrics(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> dg.MaterializeResult:
    """Compare the window with its reference; add what was found to the window's MLflow run."""
    config, grid = settings.config, settings.grid

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        reference = _loaded(lake.lake, reference_of(window, config.drift, grid), version)
        metrics = pl.DataFrame(schema=SCHEMA)
        if reference:
            sides = [_side(lake.lake, w, grid, config.windows.lookback, version) for w in (reference, window)]
            metrics = drift_of(sides[0], sides[1], config.drift)
        names = _names(lake.lake, window, version)
        metrics = judged(metrics, drift_history(lake.lake, grid, window, version), config.drift, names)
        picture = _picture(lake.lake, grid, window, metrics, config.drift, version)
        _track(tracking.tracker, lake.lake, window, reference, metrics, picture, version)
        shown = f"![drift timeline](data:image/png;base64,{base64.b64encode(picture).decode()})"
        return write(
            Outcome(
                frames={DRIFT_METRICS.name: metrics},
                version=version,
                metadata={
                    "reference": reference.key if reference else "none",
                    "alarms": metrics.filter("alarm").height,
                    "headlines": "; ".join(_headlines(metrics)) or "none",
                    "drift_timeline": dg.MetadataValue.md(shown),
                },
                findings=_findings(metrics),
            )
        )

    (result,) = load_windows(context, lake, work)
    return result


def _names(lake: Lake, window: Window, version: int) -> dict[str, str]:
    identities = lake.read(SEGMENT_IDENTITIES, [window], columns=["segment_id", "name"], version=version)
    return dict(identities.iter_rows())


def _headlines(metrics: pl.DataFrame) -> list[str]:
    return metrics.drop_nulls("headline").sort("headline")["sentence"].to_list()


def _loaded(lake: Lake, window: Window | None, version: int) -> Window | None:
    return next(iter(lake.loaded_windows(USER_INTERESTS.name, [window], version=version)), None) if window else None


def _side(lake: Lake, window: Window, grid: WindowGrid, lookback: int, version: int) -> Side:
    of = ["user_key", "interest_no", "weight", "vector", "encoder"]
    interests = lake.read(USER_INTERESTS, [window], columns=of, version=version)
    members = lake.read(CLUSTER_MEMBERS, [window], version=version)
    identities = lake.read(SEGMENT_IDENTITIES, [window], version=version)
    clusters = lake.read(CLUSTER_SNAPSHOTS, [window], columns=["method", "k", "k_method"], version=version)
    raw = ["window_start", "text_id", "user_key", "source"]
    texts = lake.read(RAW_TEXTS, grid.lookback(window, lookback), columns=raw, version=version)
    told = ["text_id", "lang", "text_hash"]
    cleaned = lake.read(CLEANED_TOKENS, grid.lookback(window, lookback), columns=told, version=version)
    words = lake.read(CLEANED_TOKENS, [window], columns=["text_id", "n_tokens", "tokens"], version=version)
    history = texts.join(cleaned, on="text_id").rename({"window_start": "window"})
    own = history.filter(pl.col("window") == window.start).join(words, on="text_id")
    return Side(
        window=window.key,
        interests=with_segments(interests, members, identities),
        texts=own.select("user_key", "source", "lang", "n_tokens", "text_hash", "tokens"),
        history=history.select("window", "user_key", "source", "lang", "text_hash"),
        settings=_clustered(clusters),
    )


def _clustered(clusters: pl.DataFrame) -> str:
    """How the window was clustered; a k that was found in the users themselves is no setting."""
    if clusters.is_empty():
        return ""
    method, k, k_method = clusters.row(0)
    rule, _, _ = k_method.partition(":")
    return f"{method}, k {rule}" + (f" {k}" if k_method == "fixed" else "")


def _findings(metrics: pl.DataFrame) -> list[Finding]:
    loud = metrics.filter("alarm")
    of_window, came_in = pl.col("scope") == "window", pl.col("cause").eq_missing("ingest")
    model = metrics.filter((pl.col("metric") == "model_changed") & (pl.col("value") > 0))
    return [
        _steady(STEADY_INTERESTS, loud.filter(of_window & ~came_in)),
        _steady(STEADY_SEGMENTS, loud.filter(~of_window)),
        _steady(STEADY_INGEST, loud.filter(of_window & came_in)),
        SAME_MODEL.found(model.is_empty(), changed="; ".join(model["detail"]) or "nothing"),
    ]


def _steady(check: Check, loud: pl.DataFrame) -> Finding:
    told = [
        f"{row['metric']}{' of ' + row['segment_id'] if row['segment_id'] else ''}: q {row['q_value']:.4f}, effect "
        f"{row['effect']:.3f}, cause {row['cause'] or 'none'}"
        for row in loud.sort("effect", "metric", descending=[True, False]).head(TOLD).to_dicts()
    ]
    return check.found(loud.is_empty(), alarms=loud.height, what="; ".join(told) or "nothing")


def _picture(
    lake: Lake, grid: WindowGrid, window: Window, metrics: pl.DataFrame, drift: DriftSettings, version: int
) -> bytes:
    """The drift of the window and of the `USUAL` ones before it."""
    columns = ["window_start", "scope", "metric", "value", "effect", "alarm"]
    earlier = lake.read(DRIFT_METRICS, grid.lookback(window, 1 + USUAL)[:-1], columns=columns, version=version)
    here = DRIFT_METRICS.conform(metrics, window.start).select(columns)
    both = pl.concat([earlier, here]).filter(pl.col("scope") == "window")
    return drift_timeline(both, min_effect=drift.min_effect, title=f"Drift up to the window {window}")


def _track(
    tracker: Tracker,
    lake: Lake,
    window: Window,
    reference: Window | None,
    metrics: pl.DataFrame,
    picture: bytes,
    version: int,
) -> None:
    if reference is None:
        return
    runs = _runs_of(lake, [reference, window], version)
    if window.start not in runs:
        return
    run = tracker.finished_run(runs[window.start], window)
    of_window = metrics.filter(pl.col("scope") == "window")
    told = {f"drift_{name}": value for name, value in of_window.select("metric", "value").iter_rows()}
    for kind in ("effect", "q_value"):
        tested = of_window.drop_nulls(["p_value", kind])
        told |= {f"drift_{name}_{kind}": value for name, value in tested.select("metric", kind).iter_rows()}
    run.metrics(told)
    run.tag("compared_with", runs.get(reference.start, "none: the reference has no users"))
    run.image("drift_timeline", picture)


def _runs_of(lake: Lake, windows: list[Window], version: int) -> dict[datetime, str]:
    runs = lake.read(CLUSTER_SNAPSHOTS, windows, columns=["window_start", "mlflow_run_id"], version=version)
    return dict(runs.iter_rows())
