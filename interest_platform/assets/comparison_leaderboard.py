"""comparison_leaderboard: every encoder with every clusterer and way to k, measured window by window in nested runs."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, cast

import dagster as dg
import polars as pl

from interest_platform.assets.comparison_ground import Ground, ground_of, texts_of
from interest_platform.assets.facts import Family, asset_facts
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import EVERY_CELL_MEASURED, contract
from interest_platform.comparing import Comparison, prepared_comparison
from interest_platform.comparison import Cell, Contestant, measure, ranked, rule_told
from interest_platform.comparison.digest import digest
from interest_platform.comparison.grid import compared_windows
from interest_platform.configuration import Configuration
from interest_platform.domain.comparison_tables import COMPARISON_LEADERBOARD, COMPARISON_VECTORS
from interest_platform.domain.tables import CLEANED_TOKENS, EMBEDDINGS, RAW_TEXTS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.lake import Lake
from interest_platform.partitions import windows_of
from interest_platform.progress import progress
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.tracking import CellRun, ComparisonRun, RunTags

FAMILY = Family("comparison", frozenset({"scikitlearn", "mlflow"}), code_version="1")
WRITTEN_EVERY = 20.0
"""Seconds after which measured rows are written: what a kill costs at most, beside the cell that it hits."""
MEASURES = ["k", "interests", "unassigned_share", "largest_share", "silhouette", "stability", "held_out", "npmi"]
MEASURES += ["diversity", "labelled", "ami", "ari", "seconds", "peak_memory_mib", "texts_per_second"]
"""Columns that are metrics of the cell's run."""

Row = dict[str, Any]
_Key = tuple[str, str, str]
"""Encoder, method and way to k: what names a cell in the table."""


@dg.asset(
    **asset_facts(COMPARISON_LEADERBOARD, FAMILY),
    deps=[RAW_TEXTS.name, CLEANED_TOKENS.name, EMBEDDINGS.name, COMPARISON_VECTORS.name],
    check_specs=[check.spec for check in (contract("comparison_leaderboard"), EVERY_CELL_MEASURED)],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def comparison_leaderboard(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> dg.MaterializeResult:
    """Measure what has not been measured on the same texts and settings before, in one MLflow run with one a cell."""
    config, places = settings.config, compared_windows(settings.config)
    comparison = prepared_comparison(
        settings.settings, lake.lake, tracking.tracker, context.run_id, COMPARISON_VECTORS.name
    )
    windows = windows_of(context, places)
    whole = Window(windows[0].start, windows[-1].end)
    tags = _tags(context, comparison, whole, lake.lake.version())
    told = f"comparison of {len(comparison.encoders)} encoders with {len(comparison.grid.cells)} clusterings"
    with tracking.tracker.comparison_run(whole, tags, _compared(comparison, config), told) as run:
        compare = _Compare(context, settings, lake.lake, comparison, run)
        (result,) = load_windows(context, lake, compare.window)
        board = _finish(lake.lake, compare, places.closed(utc_now()))
    link = tracking.tracker.link(run.run.run_id)
    best = board.row(0, named=True) if board.height else {}
    metadata = {"mlflow_run": dg.MetadataValue.url(link), "ranking": rule_told(board), "notes": list(comparison.notes)}
    if best:
        metadata["best"] = f"{best['encoder_name']}, {best['method']} {best['k_rule']}"
    for window in windows:
        context.add_asset_metadata(metadata, asset_key=COMPARISON_LEADERBOARD.name, partition_key=window.key)
    return result


class _Compare:
    """The grid on one window after the other; a cell's MLflow run stays open from window to window."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        lake: Lake,
        comparison: Comparison,
        run: ComparisonRun,
    ) -> None:
        self.comparison, self.runs = comparison, dict[_Key, CellRun]()
        self._context, self._settings, self._lake, self._run = context, settings.settings, lake, run
        self.run = run.run
        self._steps = {w: n for n, w in enumerate(compared_windows(settings.config).closed(utc_now()))}

    def window(self, window: Window, write: Write) -> Loaded:
        """All rows of a window: those that are known from before, and those that are measured now."""
        version = self._lake.version()
        texts = texts_of(self._lake, self._settings, window, version)
        known = {_key_of(row): row for row in self._lake.read(COMPARISON_LEADERBOARD, [window]).iter_rows(named=True)}
        rows, written, measured = dict[_Key, Row](), monotonic(), 0
        for encoder in self.comparison.encoders:
            ground = ground_of(self._lake, self._settings, texts, encoder)
            names = {cell: digest(ground.name, cell.settings.model_dump_json()) for cell in self.comparison.grid.cells}
            new = [c for c, name in names.items() if known.get(_key(ground, c), {}).get("digest") != name]
            if new:
                progress().comparing(len(new))
            for cell, name in names.items():
                key, run = _key(ground, cell), self._cell_run(encoder, ground, cell)
                if cell not in new:
                    rows[key] = known[key] | {"encoder_name": encoder.name}
                    if self._steps[window] not in run.steps:
                        run.window(self._steps[window], _metrics(rows[key]))
                    continue
                rows[key] = self._measured(window, encoder, ground, cell, run)
                rows[key] |= {"digest": name, "lake_version": version}
                measured += 1
                if monotonic() - written > WRITTEN_EVERY:
                    write(self._outcome({**known, **rows}, version, measured))
                    written = monotonic()
        return write(self._outcome(rows, version, measured))

    def _cell_run(self, encoder: Contestant, ground: Ground, cell: Cell) -> CellRun:
        key = _key(ground, cell)
        if key not in self.runs:
            told = cell.settings.model_dump() | {"k_rule": cell.k_rule, "encoder": ground.encoder}
            told |= {"encoder_name": encoder.name}
            if encoder.encoder is not None:
                told |= {f"encoder_{name}": value for name, value in encoder.encoder.description.items()}
            self.runs[key] = self._run.cell(" ".join(key), f"{encoder.name}, {cell.name}", told)
        return self.runs[key]

    def _measured(self, window: Window, encoder: Contestant, ground: Ground, cell: Cell, run: CellRun) -> Row:
        naming = self._settings.config.naming
        found, curve = measure(ground.interests, ground.documents, ground.labels, cell.settings, naming)
        row: Row = {"encoder": ground.encoder, "encoder_name": encoder.name, "method": cell.method}
        row |= {"k_rule": cell.k_rule, "texts_per_second": ground.texts_per_second, "mlflow_run_id": run.run_id}
        row |= found.metrics
        run.window(self._steps[window], _metrics(row))
        run.window_curve(window, curve)
        self._context.log.info(
            f"{window.key}: {encoder.name}, {cell.name}: {found.k} clusters in {found.seconds:.1f} s"
        )
        progress().compared(cell.name)
        return row

    def _outcome(self, rows: Mapping[_Key, Row], version: int, measured: int) -> Outcome:
        schema = {c.name: c.type.polars for c in COMPARISON_LEADERBOARD.body}
        told = [{name: row[name] for name in schema} for row in rows.values()]
        cells = len(self.comparison.encoders) * len(self.comparison.grid.cells)
        return Outcome(
            frames={COMPARISON_LEADERBOARD.name: pl.DataFrame(told, schema)},
            version=version,
            metadata={"cells_measured": measured, "cells_known": len(rows) - measured},
            findings=[EVERY_CELL_MEASURED.found(len(rows) == cells, rows=len(rows), cells=cells)],
            mlflow_run_id=self._run.run.run_id,
        )


def _finish(lake: Lake, compare: _Compare, windows: Sequence[Window]) -> pl.DataFrame:
    """The ranking over all windows that the grid has been measured on, told to MLflow as well."""
    rows = lake.read(COMPARISON_LEADERBOARD, windows)
    cells = pl.DataFrame(
        list(compare.runs), {"encoder": pl.String, "method": pl.String, "k_rule": pl.String}, orient="row"
    )
    board = ranked(rows.join(cells, on=cells.columns, how="semi"))
    for row in board.iter_rows(named=True):
        measures = {name: value for name, value in row.items() if isinstance(value, int | float)}
        compare.runs[_key_of(row)].metrics({f"over_windows/{name}": value for name, value in measures.items()})
    compare.run.frame("leaderboard", board)
    compare.run.metrics({"encoders": len(compare.comparison.encoders), "cells": board.height})
    return board


def _key(ground: Ground, cell: Cell) -> _Key:
    return ground.encoder, cell.method, cell.k_rule


def _key_of(row: Mapping[str, Any]) -> _Key:
    return row["encoder"], row["method"], row["k_rule"]


def _metrics(row: Row) -> dict[str, float | None]:
    return {name: cast("float | None", row[name]) for name in MEASURES}


def _compared(comparison: Comparison, config: Configuration) -> str:
    """Names what is compared with what, the windows aside: a comparison of more windows goes on in the same runs."""
    encoders = [each.encoder.fingerprint if each.encoder else each.name for each in comparison.encoders]
    cells = [cell.settings.model_dump_json() for cell in comparison.grid.cells]
    shared = [getattr(config, name).model_dump_json() for name in ("windows", "text", "interests", "naming")]
    return digest(*encoders, *cells, *shared, str(config.comparison.label))


def _tags(context: dg.AssetExecutionContext, comparison: Comparison, whole: Window, version: int) -> RunTags:
    return RunTags(
        dagster_run_id=context.run_id,
        asset=COMPARISON_LEADERBOARD.name,
        partition=str(whole),
        code_version=context.assets_def.code_versions_by_key[dg.AssetKey(COMPARISON_LEADERBOARD.name)] or "",
        encoder=", ".join(each.name for each in comparison.encoders),
        lake_version=version,
    )
