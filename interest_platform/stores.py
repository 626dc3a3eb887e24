"""The home and its stores (Dagster, MLflow, lake), made once and under a lock before anything else.

Eight processes that meet an empty home would otherwise each create and migrate the SQLite stores, and break them.
"""

import os
from importlib.resources import files

import dagster as dg
from filelock import FileLock

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


def _dagster(settings: Settings) -> dg.DagsterInstance:
    folder = settings.dagster_folder
    folder.mkdir(exist_ok=True)
    wanted = (files("interest_platform") / "dagster.yaml").read_text()
    if not (folder / "dagster.yaml").exists():
        (folder / "dagster.yaml").write_text(wanted)
    os.environ["DAGSTER_HOME"] = str(folder)
    instance = dg.DagsterInstance.get()
    instance.get_runs_count()  # creates the stores' tables while the lock is held
    instance.get_asset_keys()
    return instance
