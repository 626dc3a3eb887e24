"""How to serve MLflow's UI from the home's store."""

import sys

from interest_platform.settings import Settings
from interest_platform.tracking.store import Store

QUIET = (
    "MLFLOW_DISABLE_TELEMETRY=true",
    # it would start a runner and its workers for evaluations of language models
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
)


def server_command(settings: Settings, port: int) -> list[str]:
    """The command that serves the MLflow UI at 127.0.0.1:`port`: one worker, offline, nothing sent home.

    `Tracker.prepare` must have run before. SIGTERM and SIGINT end it and its worker.
    """
    store = Store(settings.mlflow_folder)
    serve = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    addresses = ["--backend-store-uri", store.backend_uri, "--default-artifact-root", store.artifact_uri]
    return ["env", *QUIET, sys.executable, "-m", "mlflow", *serve, *addresses]
