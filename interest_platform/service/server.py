"""The process: a listening socket, uvicorn, and an end that lets requests finish."""

import ipaddress
import math
import signal
import socket

import uvicorn

from interest_platform.configuration import ServiceSettings
from interest_platform.errors import InterestError
from interest_platform.service.guard import Guard


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `InterestError`, one line, where it can't."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1_024)
    except OSError as error:
        reason = (error.strerror or str(error)).split(" (while")[0]
        raise InterestError(
            f"can't listen on port {port} of {host}: {reason}; choose others with --port and --host"
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run(app: Guard, listener: socket.socket, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; then take no more connections, let requests under way finish, and return."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # paths name users
        proxy_headers=False,  # who asks is who is connected: a header could claim to be anyone
        server_header=False,
        limit_concurrency=settings.max_connections,
        # a request that is given up still gets its answer
        timeout_graceful_shutdown=math.ceil(settings.timeout) + 1,
    )
    # uvicorn raises the signal again once it has stopped, which would end the process by it
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])
