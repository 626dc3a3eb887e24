"""`interest serve`: recommendations and segments over HTTP."""

import logging
import os
from typing import TYPE_CHECKING, Annotated

import typer

from interest_platform.settings import load_settings, service_token

if TYPE_CHECKING:
    from interest_platform.service.state import State


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: service.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: service.port.")
    ] = None,
) -> None:
    """Serve recommendations, segments and the segment of new texts over HTTP until Ctrl-C or SIGTERM."""
    # a request holds few texts: handing a column to other cores takes longer than its work (13 ms a text became 6)
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from interest_platform.service.app import create_app
    from interest_platform.service.server import is_loopback, listening, run

    settings = load_settings()
    service = settings.config.service
    host, port = host or service.host, port or service.port
    token, where = service_token(settings.home)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    log = logging.getLogger("interest_platform.service")
    listener = listening(host, port)
    if not is_loopback(host):
        log.warning("%s is reached by other machines, without encryption: put a proxy with TLS before it", host)

    def started(state: "State | None") -> None:
        shown = "nothing is published yet" if state is None else f"lake version {state.lake_version}"
        at = f"[{host}]" if ":" in host else host
        log.info("serving http://%s:%d (documentation: /docs), %s; token: %s", at, port, shown, where)

    run(create_app(settings, token, started), listener, service)
    log.info("stopped")
