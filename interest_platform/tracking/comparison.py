"""A comparison in MLflow: one run, and nested in it a run for each cell, with a step for each window."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.tracking.redact import Redactor
from interest_platform.tracking.run import MEASURED, MEASURED_WHERE_ASKED, PARENT, ClusteringRun, CurvePoint
from interest_platform.tracking.store import telling

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMPARISON, CELL = "comparison", "cell"
"""Tags: the name of what is compared, and a cell's own name in it."""


class ComparisonRun:
    """The parent run while it is RUNNING. A comparison that was begun before goes on in the same runs."""

    def __init__(
        self, client: "MlflowClient", parent: "Run", whole: Window, tags: Mapping[str, str], redact: Redactor
    ) -> None:
        self.run = ClusteringRun(client, parent.info.run_id, whole, redact)
        self._client, self._parent, self._whole, self._tags, self._redact = client, parent, whole, tags, redact
        self._known = {run.data.tags[CELL]: run.info.run_id for run in self._children()}
        self._open: dict[str, CellRun] = {}

    @property
    def opened(self) -> list[str]:
        """The ids of the runs that are RUNNING: the cells', then the parent's."""
        return [*(cell.run_id for cell in self._open.values()), self.run.run_id]

    def cell(self, key: str, name: str, params: Mapping[str, Any]) -> "CellRun":
        """The cell's run, RUNNING from now on; its parameters are logged once, when it is made."""
        if key not in self._open:
            known = self._known.get(key)
            run = CellRun(self._client, known or self._create(key, name), self._whole, self._redact)
            self._open[key] = run
            if known is None:
                run.params(params)
            else:
                reopen(self._client, known, self._tags)
        return self._open[key]

    def _create(self, key: str, name: str) -> str:
        told = {**self._tags, PARENT: self.run.run_id, CELL: key}
        with telling("a cell's run can't be begun"):
            run = self._client.create_run(self._parent.info.experiment_id, tags=told, run_name=self._redact(name))
        return run.info.run_id

    def _children(self) -> "list[Run]":
        found, token = list["Run"](), None
        with telling("the comparison's runs can't be read"):
            while True:
                page = self._client.search_runs(
                    [self._parent.info.experiment_id], f"tags.`{PARENT}` = '{self.run.run_id}'", page_token=token
                )
                found += page
                token = page.token
                if not token:
                    return found


class CellRun(ClusteringRun):
    """A cell's run: a metric's step is the number of the window in the comparison."""

    @cached_property
    def steps(self) -> set[int]:
        """The windows that were logged before this process."""
        with telling(f"run {self.run_id} can't be read"):
            return {metric.step for metric in self._client.get_metric_history(self.run_id, "k")}

    def window(self, step: int, metrics: Mapping[str, float | None]) -> None:
        """Log what was measured of the cell in a window."""
        self.metrics(metrics, step)

    def window_curve(self, window: Window, points: Sequence[CurvePoint]) -> None:
        """Log the k that were tried in a window: metrics `curve/WINDOW/...`, whose step is k, and a table."""
        if not points:
            return
        ks = [p.k for p in points]
        told = {n: [getattr(p, n, None) for p in points] for n in (*MEASURED, *MEASURED_WHERE_ASKED)}
        told = {name: values for name, values in told.items() if any(v is not None for v in values)}
        self._log_metrics(
            [
                (f"curve/{window.key}/{name}", value, k)
                for name, values in told.items()
                for k, value in zip(ks, values, strict=True)
            ]
        )
        self.frame(f"k_curve_{window.key}", pl.DataFrame({"k": ks, **told}))


def reopen(client: "MlflowClient", run_id: str, tags: Mapping[str, str]) -> None:
    """Make an ended run RUNNING again, on behalf of whom the tags name."""
    with telling(f"run {run_id} can't be gone on with"):
        if "error" in client.get_run(run_id).data.tags:
            client.delete_tag(run_id, "error")
        for name, value in tags.items():
            client.set_tag(run_id, name, value)
        client.update_run(run_id, status="RUNNING")
