"""MLflow's store in the home, SQLite and a folder of artifacts: made and migrated once, before anything is parallel.

MLflow creates its tables at first use, without a lock across processes: several at once on an empty home break the
store for good. Here one process makes it, beside its final place, and renames it: a store is whole or not there.
"""

import logging
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from interest_platform.errors import InterestError
from interest_platform.tracking.relocate import relocate

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "cluster_snapshots"
EXPERIMENT_TAGS = {
    # without it MLflow's UI opens the experiment in the mode for language-model traces
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "One run a window and Dagster run. A run with the tag `superseded_by` has been repeated.",
}
LOCK_SECONDS = 300


class TrackingError(InterestError):
    """MLflow's store can't be made, read or written."""


@dataclass(frozen=True)
class Store:
    """Where MLflow keeps what it is told: `folder` is `mlflow/` in the home."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "mlflow.db"

    @property
    def backend_uri(self) -> str:
        """The store's address for MLflow."""
        return _sqlite_uri(self.database)

    @property
    def artifact_uri(self) -> str:
        """The artifacts' address: a `file:` URI."""
        return (self.folder / "artifacts").as_uri()

    def prepare(self) -> None:
        """Make, migrate or relocate the store where that is due; else it costs a millisecond and no import of MLflow.

        Raises `TrackingError` where the store is of a newer MLflow, is no SQLite file, or can't be written.
        """
        if self._is_ready():
            return
        with self.locked("prepare"), telling("its store can't be prepared"):
            if not self._is_ready():
                self._make()

    def experiment_id(self) -> str | None:
        """The id of the experiment, `None` where there is none (yet) or it has been deleted."""
        found = self._experiment()
        return found and found[0]

    def client(self) -> "MlflowClient":
        """A client of this store alone: MLflow's global tracking address and active run stay untouched."""
        silence()
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.backend_uri, registry_uri=self.backend_uri)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the store's lock `name` against every other process."""
        from filelock import FileLock, Timeout

        path = self.folder / f"{name}.lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise TrackingError(f"{path} has been held for {LOCK_SECONDS} s by another process; is it stuck?") from None
        except OSError as error:
            raise TrackingError(f"MLflow: {self.folder} can't be written: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def _experiment(self) -> tuple[str, str] | None:
        """Id and artifact address of the experiment; straight from SQLite, as MLflow's import costs seconds."""
        query = "SELECT experiment_id, artifact_location FROM experiments WHERE name = ? AND lifecycle_stage = 'active'"
        if not self.database.exists():
            return None
        with telling("its store can't be read"), closing(_open(self.database)) as connection:
            found = connection.execute(query, [EXPERIMENT]).fetchone()
        return found and (str(found[0]), found[1])

    def _is_ready(self) -> bool:
        if not self.database.exists():
            return False
        with telling("its store can't be read"), closing(_open(self.database)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _stamp():
                return False
        found = self._experiment()
        return found is not None and not self._moved(found[1])

    def _moved(self, location: str) -> bool:
        return location.startswith("file:") and location != self.artifact_uri

    def _make(self) -> None:
        if not self.database.exists():
            _swap_in(self.database, lambda uri: _create(uri, self.artifact_uri))
        elif _is_outdated(self.backend_uri):
            _swap_in(self.database, _upgrade)
        self._make_experiment()
        found = self._experiment()
        with closing(_open(self.database)) as connection:
            if found and self._moved(found[1]):
                relocate(connection, found[1], self.artifact_uri)
            connection.execute(f"PRAGMA user_version = {_stamp()}")

    def _make_experiment(self) -> None:
        client = self.client()
        found = client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            client.create_experiment(EXPERIMENT, artifact_location=self.artifact_uri, tags=EXPERIMENT_TAGS)
        elif found.lifecycle_stage != "active":
            client.restore_experiment(found.experiment_id)


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Turn a failure of MLflow, SQLite or the disk into one line that begins with `MLflow:` and `what`."""
    try:
        yield
    except InterestError:
        raise
    except Exception as error:
        if not (isinstance(error, OSError | sqlite3.Error) or type(error).__module__.split(".")[0] in _MLFLOWS):
            raise
        raise TrackingError(f"MLflow: {what}: {first_line(error)}") from error


_MLFLOWS = {"mlflow", "sqlalchemy", "alembic"}


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its type where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def silence() -> None:
    """Tell MLflow to send nothing home, and to leave failures to whoever called it (it would log tracebacks too)."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name, level in (("alembic", logging.WARNING), ("mlflow.store.db.utils", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)


def _stamp() -> int:
    # which MLflow last made or checked this store, in the store itself, so that it can be told without importing MLflow
    return zlib.crc32(version("mlflow").encode()) & 0x7FFF_FFFF


def _sqlite_uri(path: Path) -> str:
    if found := {"?", "%"} & set(str(path)):
        # SQLAlchemy reads them as the start of options and of an escape; MLflow takes neither escaped
        raise TrackingError(f"MLflow can't keep its store in {path}: the path holds a {min(found)!r}; move the home")
    return f"sqlite:///{path}"


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=20)


def _swap_in(database: Path, build: Callable[[str], None]) -> None:
    """Build the store (from a copy, where there is one) beside its place, then rename it there."""
    beside = database.with_name(f"{database.name}.new")
    beside.unlink(missing_ok=True)
    if database.exists():
        with closing(_open(database)) as source, closing(_open(beside)) as target:
            source.backup(target)
    build(_sqlite_uri(beside))
    beside.replace(database)


def _create(uri: str, artifact_uri: str) -> None:
    silence()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # the artifact root is given, else the default experiment would keep the address of the current folder
    SqlAlchemyStore(uri, artifact_uri).engine.dispose()


@contextmanager
def _engine(uri: str) -> Iterator[object]:
    silence()
    from mlflow.store.db.utils import create_sqlalchemy_engine

    engine = create_sqlalchemy_engine(uri)
    try:
        yield engine
    finally:
        engine.dispose()


def _is_outdated(uri: str) -> bool:
    with _engine(uri) as engine:
        from mlflow.store.db.utils import _get_latest_schema_revision, _get_schema_version

        return _get_schema_version(engine) != _get_latest_schema_revision()


def _upgrade(uri: str) -> None:
    # what `mlflow db upgrade` does
    with _engine(uri) as engine:
        from mlflow.store.db.utils import _upgrade_db

        _upgrade_db(engine)
