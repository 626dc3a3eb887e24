"""The tracker: begins a run, ends it as what it was, and says which runs it supersedes."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from interest_platform.domain.windows import Window
from interest_platform.errors import InterestError
from interest_platform.settings import Settings
from interest_platform.tracking.comparison import COMPARISON, ComparisonRun, reopen
from interest_platform.tracking.redact import Redactor, redactor
from interest_platform.tracking.run import PARENT, ClusteringRun, RunTags
from interest_platform.tracking.store import EXPERIMENT, Store, TrackingError, first_line, telling

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

ERROR_CHARS = 500
SUPERSEDES_SHOWN = 100
PAGE = 1000


class Tracker:
    """MLflow runs of clusterings, in the home's store. Cheap to make; MLflow is imported at the first run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(settings.mlflow_folder)

    @property
    def backend_uri(self) -> str:
        """The store's address: SQLite in the home."""
        return self._store.backend_uri

    @property
    def artifact_uri(self) -> str:
        """The artifacts' address: a `file:` URI in the home."""
        return self._store.artifact_uri

    def prepare(self) -> None:
        """Make the store, or migrate it, or follow a moved home, once and under a lock. Raises `TrackingError`."""
        self._store.prepare()

    def link(self, run_id: str) -> str:
        """Where people see the run: its page in the MLflow UI at `tracking.ui`."""
        ui, experiment = self._settings.config.tracking.ui.rstrip("/"), self._experiment_id
        # without the parameter a first visit opens MLflow's other mode, which shows no artifacts
        return f"{ui}/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"

    @contextmanager
    def clustering_run(self, window: Window, tags: RunTags) -> Iterator[ClusteringRun]:
        """An MLflow run that is RUNNING inside the block.

        After it: FINISHED, and every older run of the same asset and partition that has ended gets the tag
        `superseded_by`. FAILED where the block raises, with the error's line as tag `error`; KILLED where it is
        interrupted. The block's own error goes on to the caller in any case.
        """
        run = ClusteringRun(self._client, self._start(window, tags), window, self._redact)
        try:
            yield run
            self._finish(run.run_id, tags)
        except BaseException as error:
            self._fail(run.run_id, error)
            raise

    @contextmanager
    def comparison_run(self, whole: Window, tags: RunTags, comparison: str, name: str) -> Iterator[ComparisonRun]:
        """The run of a comparison, RUNNING inside the block; `comparison` names what is compared with what.

        One that was begun before, and its cells' runs, go on: a comparison has one run however often it is run. All end
        as `clustering_run` says, and none is superseded.
        """
        note = f"{name} on {whole} (UTC); a run a cell, a step a window. By Dagster run {tags.dagster_run_id}."
        shown = tags.all(whole) | {COMPARISON: comparison, "mlflow.note.content": note}
        told = {tag: self._redact(value) for tag, value in shown.items()}
        run = ComparisonRun(self._client, self._comparison(told, name), whole, told, self._redact)
        try:
            yield run
            with telling("a comparison's runs can't be finished"):
                for run_id in run.opened:
                    self._client.set_terminated(run_id, "FINISHED")
        except BaseException as error:
            for run_id in run.opened:
                self._fail(run_id, error)
            raise

    def _comparison(self, told: Mapping[str, str], name: str) -> "Run":
        """The parent's run: the newest of that comparison, else a new one."""
        # two processes that begin the same comparison at once would each make one
        with self._store.locked("comparison"), telling("a comparison's run can't be begun"):
            condition = f"tags.{COMPARISON} = '{told[COMPARISON]}' AND tags.asset = '{told['asset']}'"
            found = [run for run in self._search(condition) if PARENT not in run.data.tags]
            if not found:
                return self._client.create_run(self._experiment_id, tags=dict(told), run_name=name)
            reopen(self._client, found[0].info.run_id, told)
            return found[0]

    def finished_run(self, run_id: str, window: Window) -> ClusteringRun:
        """The run of a clustering that has ended: what later assets find out about the window is added to it."""
        return ClusteringRun(self._client, run_id, window, self._redact)

    def end_orphans(self, dagster_run_ids: Collection[str]) -> int:
        """End as FAILED the RUNNING runs that these Dagster runs, whose process is gone, left; returns how many."""
        if not dagster_run_ids or self._store.experiment_id() is None:
            return 0
        with telling("orphaned runs can't be ended"):
            running = self._search("attributes.status = 'RUNNING'")
            orphans = [run for run in running if run.data.tags.get("dagster_run_id") in set(dagster_run_ids)]
            for run in orphans:
                note = f"the process of Dagster run {run.data.tags['dagster_run_id']} ended without a word"
                self._end(run.info.run_id, "FAILED", note)
        return len(orphans)

    @cached_property
    def _client(self) -> "MlflowClient":
        self.prepare()
        with telling("its store can't be opened"):
            return self._store.client()

    @cached_property
    def _experiment_id(self) -> str:
        self.prepare()
        found = self._store.experiment_id()
        if found is None:
            raise TrackingError(f"MLflow: the experiment {EXPERIMENT} has just been deleted; run again")
        return found

    @cached_property
    def _redact(self) -> Redactor:
        return redactor(self._settings)

    def _start(self, window: Window, tags: RunTags) -> str:
        told = {name: self._redact(value) for name, value in tags.all(window).items()}
        with telling("a run can't be begun"):
            run = self._client.create_run(self._experiment_id, tags=told, run_name=f"{tags.asset} {tags.partition}")
        return run.info.run_id

    def _finish(self, run_id: str, tags: RunTags) -> None:
        # under a lock: of two that finish at once, the later supersedes the earlier, and never each the other
        with self._store.locked("finish"), telling(f"run {run_id} can't be finished"):
            older = [run for run in self._same(tags) if run.info.run_id != run_id and run.info.status != "RUNNING"]
            for run in older:
                self._client.set_tag(run.info.run_id, "superseded_by", run_id)
            replaced = [run.info.run_id for run in older if "superseded_by" not in run.data.tags]
            if replaced:
                self._client.set_tag(run_id, "supersedes", ",".join(replaced[:SUPERSEDES_SHOWN]))
            self._client.set_terminated(run_id, "FINISHED")

    def _fail(self, run_id: str, error: BaseException) -> None:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        try:
            self._end(run_id, status, _error_line(error))
        except Exception as second:
            error.add_note(f"MLflow run {run_id} could not be marked {status}: {first_line(second)}")

    def _end(self, run_id: str, status: str, error: str) -> None:
        self._client.set_tag(run_id, "error", self._redact(error)[:ERROR_CHARS])
        self._client.set_terminated(run_id, status)

    def _same(self, tags: RunTags) -> list["Run"]:
        return self._search(f"tags.asset = '{tags.asset}' AND tags.partition = '{tags.partition}'")

    def _search(self, condition: str) -> list["Run"]:
        """Every run of the experiment that fits, newest first."""
        page = self._client.search_runs([self._experiment_id], condition, max_results=PAGE)
        found = list(page)
        while page.token:
            page = self._client.search_runs([self._experiment_id], condition, max_results=PAGE, page_token=page.token)
            found += page
        return found


def _error_line(error: BaseException) -> str:
    line, name = first_line(error), type(error).__name__
    return line if isinstance(error, InterestError) or line == name else f"{name}: {line}"
