"""How every partitioned asset loads its windows: one after the other, each written whole and told to Dagster.

A run covers one partition or, as a single-run backfill, a range of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import polars as pl

from interest_platform.assets.facts import table_facts
from interest_platform.checks import Finding, contract, worst
from interest_platform.domain.steps import WRITERS
from interest_platform.domain.tables import TABLES
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake, Stamp
from interest_platform.lake.declared import DeclaredReads
from interest_platform.lake.staleness import reach_of
from interest_platform.partitions import windows_of
from interest_platform.progress import progress
from interest_platform.resources import LakeResource
from interest_platform.runs import mark_process


@dataclass(frozen=True)
class Outcome:
    """What an asset has made of one window, not yet written.

    `frames` maps the asset's tables to rows (without `window_start`); `version` is the lake snapshot they were read at.
    """

    frames: Mapping[str, pl.DataFrame]
    version: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    mlflow_run_id: str | None = None


@dataclass(frozen=True)
class Loaded:
    """One window, written: metadata of each table's asset, and what the checks found."""

    window: Window
    metadata: Mapping[str, Mapping[str, Any]]
    findings: Sequence[Finding]


Write = Callable[[Outcome], Loaded]
Work = Callable[[Window, Write], Loaded]


def load_windows(context: dg.AssetExecutionContext, lake: LakeResource, work: Work) -> list[dg.MaterializeResult]:
    """Run `work` on every window of the run and return one result for each of the asset's tables.

    `work(window, write)` computes an `Outcome` and returns `write(outcome)`, which replaces the window in the lake.
    When a window fails, those that landed before it are recorded as landed, and the error is raised again. Raises
    `ContractError` where `work` reads what `domain.steps` does not declare.
    """
    mark_process(context.instance, context.run_id)
    windows = windows_of(context, lake.settings.grid)
    asset = context.op_execution_context.op.name
    loaded: list[Loaded] = []
    progress().asset_started(asset, len(windows))
    try:
        for window in windows:
            with lake.lake.restricted_to(_declared(lake.lake, asset, window)):
                loaded.append(work(window, _writer(context, lake.lake, asset, window)))
            rows = sum(facts["rows"] for facts in loaded[-1].metadata.values())
            progress().window_loaded(asset, window.key, rows)
    except BaseException:
        _record_landed(context, loaded)
        raise
    return _results(context, loaded)


def _declared(lake: Lake, asset: str, window: Window) -> DeclaredReads | None:
    """What the asset's step may read; None for assets that are not on the line."""
    if asset not in WRITERS:
        return None
    return DeclaredReads(WRITERS[asset], window, lake.settings.grid, reach_of(lake.settings.config))


def _writer(context: dg.AssetExecutionContext, lake: Lake, asset: str, window: Window) -> Write:
    def write(outcome: Outcome) -> Loaded:
        stamp = Stamp(asset, context.run_id, _code_version(context, asset), outcome.mlflow_run_id)
        frames = {name: TABLES[name].conform(frame, window.start) for name, frame in outcome.frames.items()}
        written = lake.replace(window, frames, stamp)
        shared = {"lake_version_read": outcome.version, "lake_version_written": written.version, **outcome.metadata}
        metadata = {
            name: {"rows": rows, "dagster/partition_row_count": rows, **table_facts(TABLES[name]), **shared}
            for name, rows in written.rows.items()
        }
        landed = [landed_as_promised(lake, name, window, rows) for name, rows in written.rows.items()]
        return Loaded(window, metadata, [*landed, *outcome.findings])

    return write


def landed_as_promised(lake: Lake, name: str, window: Window, rows: int) -> Finding:
    """Whether the table's window has as many rows as were written, each with a key of its own."""
    table = TABLES[name]
    frame = lake.read(table, [window], columns=["window_start", *table.key])
    keys = frame.n_unique(table.key) if frame.height else 0
    return contract(name).found(frame.height == rows == keys, rows_written=rows, rows_in_lake=frame.height, keys=keys)


def _code_version(context: dg.AssetExecutionContext, asset: str) -> str:
    return context.assets_def.code_versions_by_key.get(dg.AssetKey(asset)) or "1"


def _record_landed(context: dg.AssetExecutionContext, loaded: Sequence[Loaded]) -> None:
    for window in loaded:
        for name, metadata in window.metadata.items():
            context.log_event(
                dg.AssetMaterialization(asset_key=name, metadata=dict(metadata), partition=window.window.key)
            )
        for finding in window.findings:
            context.log_event(finding.evaluation(window.window.key))


def _results(context: dg.AssetExecutionContext, loaded: Sequence[Loaded]) -> list[dg.MaterializeResult]:
    names = [key.to_user_string() for key in context.selected_asset_keys]
    for window in loaded:
        for name, metadata in window.metadata.items():
            context.add_asset_metadata(dict(metadata), asset_key=name, partition_key=window.window.key)
        for finding in window.findings:
            context.log_event(finding.evaluation(window.window.key))
    findings = worst(finding for window in loaded for finding in window.findings)
    return [
        dg.MaterializeResult(asset_key=name, check_results=[f.result for f in findings if f.check.asset == name])
        for name in names
    ]
