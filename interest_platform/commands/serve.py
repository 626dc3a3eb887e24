"""`interest dev`: the Dagster UI and the MLflow UI of the home, on this machine only."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from interest_platform.errors import InterestError
from interest_platform.settings import load_settings

WORKSPACE = Path(__file__).parent.parent.parent / "workspace.yaml"


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
    mlflow_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the MLflow UI; default: that of tracking.ui.")
    ] = None,
) -> None:
    """Serve the Dagster UI (with its daemon) and the MLflow UI on 127.0.0.1 until Ctrl-C or SIGTERM."""
    from interest_platform.commands.bars import console
    from interest_platform.stores import prepare
    from interest_platform.tracking import server_command

    settings = load_settings()
    prepare(settings)
    linked = urlsplit(settings.config.tracking.ui).port or 5000
    mlflow_port = mlflow_port or linked
    if mlflow_port != linked:
        console.print(f"links in asset metadata point to {settings.config.tracking.ui} (tracking.ui)", style="yellow")
    for wanted in (port, mlflow_port):
        _check_free(wanted)
    dagster = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", "127.0.0.1", "-p", str(port)]
    environment = os.environ | {"INTEREST_CONFIG": str(settings.config_path), "INTEREST_HOME": str(settings.home)}
    # `kill` and service managers end it as Ctrl-C does, else the servers would go on alone
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
    """Ask the servers to end; after 15 s, kill what is left of them and of all they have started."""
    import psutil

    family = [psutil.Process(server.pid) for server in servers if server.poll() is None]
    family += [child for process in family for child in process.children(recursive=True)]
    for server in servers:
        if server.poll() is None:
            server.terminate()
    _, left = psutil.wait_procs(family, timeout=15)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            left += [child for child in process.children() if child not in left]
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=5)
