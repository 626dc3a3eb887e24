"""The home and its stores (Dagster, MLflow, lake), made once and under a lock before anything else.

Eight processes that meet an empty home would otherwise each create and migrate the SQLite stores, and break them.
"""

import os
import sqlite3
from importlib.resources import files
from typing import Any

import dagster as dg
from filelock import FileLock
from sqlalchemy import event
from sqlalchemy.engine import Engine

from interest_platform.errors import InterestError
from interest_platform.lake import Lake
from interest_platform.settings import Settings
from interest_platform.tracking import Tracker

SILENCE = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def silence_telemetry() -> None:
    """Tell Dagster, dbt, MLflow and Hugging Face to send nothing, unless the user has decided otherwise."""
    for name, value in SILENCE.items():
        os.environ.setdefault(name, value)


def prepare(settings: Settings) -> dg.DagsterInstance:
    """Make what is missing in the home and return its Dagster instance. Raises `InterestError` where it can't."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.home / "prepare.lock"):
            instance = _dagster(settings)
            Tracker(settings).prepare()
            Lake(settings).prepare()
    except OSError as error:
        raise InterestError(f"home {settings.home}: {error.strerror or error} (INTEREST_HOME names another)") from error
    return instance


def _lighter_commits(connection: Any, _: object) -> None:
    """In WAL mode a commit that is not synced can be lost with the power, never torn: an event log may be lost so.

    A run over 14 windows stores some 700 events, each a commit; with a sync each they take a quarter of its time.
    """
    if isinstance(connection, sqlite3.Connection):
        [(mode,)] = connection.execute("PRAGMA journal_mode").fetchall()
        if mode == "wal":
            connection.execute("PRAGMA synchronous = NORMAL")


def _dagster(settings: Settings) -> dg.DagsterInstance:
    folder = settings.dagster_folder
    folder.mkdir(exist_ok=True)
    wanted = (files("interest_platform") / "dagster.yaml").read_text()
    if not (folder / "dagster.yaml").exists():
        (folder / "dagster.yaml").write_text(wanted)
    os.environ["DAGSTER_HOME"] = str(folder)
    if not event.contains(Engine, "connect", _lighter_commits):
        event.listen(Engine, "connect", _lighter_commits)
    instance = dg.DagsterInstance.get()
    instance.get_runs_count()  # creates the stores' tables while the lock is held
    instance.get_asset_keys()
    return instance
