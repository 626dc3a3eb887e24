"""What a clustering tells its MLflow run: parameters, metrics, the curve over k, centroids, tables and pictures."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_platform.domain.windows import Window
from interest_platform.tracking.redact import Redactor
from interest_platform.tracking.store import TrackingError, telling

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

MEASURED = ("silhouette", "inertia")
MEASURED_WHERE_ASKED = ("bic", "gap", "gap_error", "stability", "strength", "strength_error")
"""What is known of every k that was tried, and what some rules and methods add."""

MAX_METRICS = 1000
PARENT = "mlflow.parentRunId"
"""MLflow's own tag of a nested run."""

MAX_PARAMS = 100
"""What MLflow takes in one batch."""


@dataclass(frozen=True)
class RunTags:
    """Where a run came from: every field becomes a tag of its own name."""

    dagster_run_id: str
    asset: str
    partition: str
    code_version: str
    encoder: str
    lake_version: int

    def all(self, window: Window) -> dict[str, str]:
        """The tags as MLflow takes them, with the window's bounds (ISO 8601, UTC) and what its UI shows."""
        own = {name: str(value) for name, value in asdict(self).items()}
        bounds = {"window_start": window.start.isoformat(), "window_end": window.end.isoformat()}
        shown = {
            "mlflow.source.name": "interest_platform",
            "mlflow.note.content": f"Clusters of the users in {window} (UTC), read from lake version "
            f"{self.lake_version} by Dagster run {self.dagster_run_id}.",
        }
        return own | bounds | shown


class CurvePoint(Protocol):
    """A clustering tried while choosing k."""

    @property
    def k(self) -> int:
        """Number of clusters."""

    @property
    def silhouette(self) -> float | None:
        """Mean silhouette, -1 to 1; `None` where it is not defined."""

    @property
    def inertia(self) -> float | None:
        """Sum of squared distances to the nearest centroid; `None` where it is not known."""


class ClusteringRun:
    """An MLflow run while it is RUNNING. Every method raises `TrackingError` where MLflow or the disk refuses."""

    def __init__(self, client: "MlflowClient", run_id: str, window: Window, redact: Redactor) -> None:
        self.run_id = run_id
        self._client = client
        self._window = window
        self._redact = redact

    def params(self, params: Mapping[str, Any]) -> None:
        """Log parameters; what is no text is written as JSON. MLflow refuses to change one that has been logged."""
        from mlflow.entities import Param

        logged = [Param(name, self._redact(_text(value))) for name, value in params.items()]
        for batch in _batches(logged, MAX_PARAMS):
            self._log(params=batch)

    def metrics(self, metrics: Mapping[str, float | None], step: int = 0) -> None:
        """Log metrics at a step; a `None` (a silhouette of one cluster) is left out."""
        self._log_metrics([(name, value, step) for name, value in metrics.items()])

    def tag(self, name: str, value: str) -> None:
        """Set a tag; one of that name is replaced."""
        with telling(f"run {self.run_id} can't be written"):
            self._client.set_tag(self.run_id, name, self._redact(value))

    def nested(self, name: str, params: Mapping[str, Any], metrics: Mapping[str, float | None]) -> str:
        """A finished run under this one, with its own parameters and metrics; its id."""
        with telling(f"a run under {self.run_id} can't be made"):
            parent = self._client.get_run(self.run_id)
            # of another asset, or the parent's end would take it for an older run of its own
            told = {tag: value for tag, value in parent.data.tags.items() if tag != "mlflow.runName"}
            told |= {PARENT: self.run_id, "asset": f"{told['asset']}/nested"}
            made = self._client.create_run(parent.info.experiment_id, tags=told, run_name=self._redact(name))
        run = ClusteringRun(self._client, made.info.run_id, self._window, self._redact)
        run.params(params)
        run.metrics(metrics)
        with telling(f"run {run.run_id} can't be finished"):
            self._client.set_terminated(run.run_id, "FINISHED")
        return run.run_id

    def image(self, name: str, picture: bytes) -> None:
        """Log a PNG as `NAME.png`."""
        self._put(f"{name}.png", picture)

    def page(self, name: str, html: str) -> None:
        """Log an HTML page as `NAME.html`."""
        self._put(f"{name}.html", html.encode())

    def curve(self, points: Sequence[CurvePoint], chosen: int | None, rule: str = "silhouette") -> None:
        """Log what was tried while choosing k: metrics with k as the step, `k_curve.parquet` and `k_curve.png`.

        The picture shows what `rule` chose by, over inertia. Nothing where nothing was tried (a fixed k, an empty
        window).
        """
        if not points:
            return
        from interest_platform.tracking.pictures import k_curve

        ordered = sorted(points, key=lambda p: p.k)
        told = {name: [getattr(p, name, None) for p in ordered] for name in (*MEASURED, *MEASURED_WHERE_ASKED)}
        told = {name: values for name, values in told.items() if name in MEASURED or any(v is not None for v in values)}
        ks = [p.k for p in ordered]
        self._log_metrics([(f"curve_{name}", v, k) for name, of in told.items() for k, v in zip(ks, of, strict=True)])
        columns = [pl.Series("k", ks, pl.Int32), *(pl.Series(name, of, pl.Float64) for name, of in told.items())]
        table = pl.DataFrame(columns).with_columns(chosen=pl.col("k").eq_missing(chosen))
        self.frame("k_curve", table)
        title = f"Choosing k by {rule} for the window {self._window}"
        self._put("k_curve.png", k_curve(table, title=title, rule=rule))

    def centroids(self, centroids: NDArray[np.float32], cluster_ids: Sequence[int]) -> None:
        """Log `centroids.safetensors`: `centroids` (clusters, dimensions) float32, `cluster_ids` (clusters,) int64."""
        from safetensors.numpy import save

        if centroids.ndim != 2 or len(centroids) != len(cluster_ids):
            raise TrackingError(
                f"centroids of shape {centroids.shape} for {len(cluster_ids)} clusters; expected (clusters, dimensions)"
            )
        tensors: dict[str, NDArray[Any]] = {
            "centroids": np.ascontiguousarray(centroids, np.float32),
            "cluster_ids": np.array(cluster_ids, np.int64),
        }
        self._put("centroids.safetensors", save(tensors))

    def frame(self, name: str, frame: pl.DataFrame) -> None:
        """Log a table as `NAME.parquet`."""
        self._put_file(f"{name}.parquet", frame.write_parquet)

    def picture(
        self, vectors: NDArray[np.float32], labels: NDArray[np.integer], terms: Mapping[int, Sequence[str]], seed: int
    ) -> None:
        """Log `clusters.png`: the window's users in the plane, labelled by cluster.

        Vectors (users, dimensions), each user's cluster id (users,), each cluster's terms, best first; `seed` draws
        the sample where there are too many users to draw.
        """
        from interest_platform.tracking.pictures import cluster_map

        self._put("clusters.png", cluster_map(vectors, labels, terms, title=f"Users of {self._window}", seed=seed))

    def folder(self, path: Path) -> None:
        """Log a folder's files in a folder of the same name."""
        with telling(f"artifact {path.name} of run {self.run_id} can't be written"):
            self._client.log_artifacts(self.run_id, str(path), path.name)

    def _log_metrics(self, metrics: Sequence[tuple[str, float | None, int]]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        known = [Metric(name, float(value), now, step) for name, value, step in metrics if value is not None]
        for batch in _batches(known, MAX_METRICS):
            self._log(metrics=batch)

    def _log(self, **batch: Any) -> None:
        with telling(f"run {self.run_id} can't be written"):
            self._client.log_batch(self.run_id, synchronous=True, **batch)

    def _put(self, name: str, content: bytes) -> None:
        self._put_file(name, lambda path: path.write_bytes(content))

    def _put_file(self, name: str, write: Callable[[Path], object]) -> None:
        with telling(f"artifact {name} of run {self.run_id} can't be written"), TemporaryDirectory() as folder:
            write(Path(folder, name))
            self._client.log_artifact(self.run_id, str(Path(folder, name)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
