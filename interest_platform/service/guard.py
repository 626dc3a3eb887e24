"""What every request passes: rate, token and size before the application, its time, metrics and failures after."""

import asyncio
import hmac
import logging
import time
import traceback
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interest_platform.configuration import ServiceSettings
from interest_platform.service.metrics import Metrics
from interest_platform.service.problems import Problem, problem_response
from interest_platform.service.rates import Rates

OPEN_PATHS = ("/health", "/ready", "/docs", "/openapi.json")
"""What needs no token: whether it is alive and ready, and how it is asked."""
STATIC_PATH = "/docs/static"
"""Where the scripts of the documentation are; open too."""
NO_ROUTE = "none"

log = logging.getLogger("interest_platform.service")


class Guard:
    """Wraps the application; it refuses before anything of the body is read."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings, token: str, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._token = token.encode()
        self._rates = Rates(settings.requests_per_second, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.under_way.track_inprogress():
            failure = await self._answer(scope, receive, sending)
            if failure is not None and not status:
                response = problem_response(failure.status_code, failure.detail, failure.headers)
                await response(scope, receive, sending)
        route = getattr(scope.get("route"), "path_format", NO_ROUTE)
        self._metrics.answered(scope["method"], route, status, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Problem | None:
        """Let the application answer; the problem that stands in the way, or cut it short."""
        try:
            self._admit(scope)
            async with asyncio.timeout(self._settings.timeout):
                await self._app(scope, receive, send)
        except Problem as problem:
            return problem
        except TimeoutError:
            seconds = self._settings.timeout
            late = Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"not answered within {seconds:g} s; try again", seconds)
            # what was slow may be the body, which may never come to its end
            late.headers = {**(late.headers or {}), "Connection": "close"}
            return late
        except Exception as error:
            log.error("%s %s failed: %s", scope["method"], _template(scope), _where(error))
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the service has failed; its log says where")
        return None

    def _admit(self, scope: Scope) -> None:
        """Raise `Problem` for a client that asks too fast, has not the token, or announces too large a body."""
        path = scope["path"]
        if path == "/health":
            return
        client = scope["client"][0] if scope.get("client") else "unknown"
        if wait := self._rates.wait(client):
            allowed = f"{self._settings.requests_per_second:g} a second, {self._settings.burst} at once"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, f"too many requests; allowed are {allowed}", wait)
        headers = dict(scope["headers"])
        if path not in OPEN_PATHS and not path.startswith(f"{STATIC_PATH}/"):
            self._require_token(headers.get(b"authorization", b""))
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._settings.max_body_bytes:
            raise too_large(self._settings.max_body_bytes)

    def _require_token(self, given: bytes) -> None:
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), self._token):
            problem = Problem(HTTPStatus.UNAUTHORIZED, "needs the header `Authorization: Bearer` with the token")
            problem.headers = {"WWW-Authenticate": "Bearer"}
            raise problem


def too_large(most: int) -> Problem:
    """The answer to a body that is too large; the connection ends, so that the rest need not be read."""
    problem = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most} bytes")
    problem.headers = {"Connection": "close"}
    return problem


def _template(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", NO_ROUTE))


def _where(error: BaseException) -> str:
    """The kind of the failure and where it happened; its text may name a user, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    last = " < ".join(f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in frames[:-6:-1])
    return f"{type(error).__name__} in {last}"
