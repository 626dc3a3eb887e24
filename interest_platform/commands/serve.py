"""`interest dev`: the Dagster UI and the MLflow UI of the home, on this machine only."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from interest_platform.errors import InterestError
from interest_platform.settings import load_settings

WORKSPACE = Path(__file__).parent.parent.parent / "workspace.yaml"


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
    mlflow_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the MLflow UI.")] = 5000,
) -> None:
    """Serve the Dagster UI (with its daemon) and the MLflow UI on 127.0.0.1 until Ctrl-C."""
    from interest_platform.commands.bars import console
    from interest_platform.stores import prepare
    from interest_platform.tracking import server_command

    settings = load_settings()
    prepare(settings)
    for wanted in (port, mlflow_port):
        _check_free(wanted)
    dagster = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", "127.0.0.1", "-p", str(port)]
    environment = os.environ | {"INTEREST_CONFIG": str(settings.config_path), "INTEREST_HOME": str(settings.home)}
    servers = [
        subprocess.Popen(command, env=environment, cwd=settings.home)
        for command in (dagster, server_command(settings, mlflow_port))
    ]
    console.print(f"Dagster  http://127.0.0.1:{port}\nMLflow   http://127.0.0.1:{mlflow_port}", highlight=False)
    try:
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("stopping")
        return
    finally:
        _stop(servers)
    raise InterestError("a server has ended; its last lines are above")


def _check_free(port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise InterestError(f"port {port} is in use; choose others with --port and --mlflow-port") from None


def _stop(servers: list[subprocess.Popen[bytes]]) -> None:
    for server in servers:
        if server.poll() is None:
            server.terminate()
    for server in servers:
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=15)
        if server.poll() is None:
            server.kill()
