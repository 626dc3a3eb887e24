"""The application: routes, documentation that works offline, and what runs beside the requests."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from interest_platform.service.assigner import Assigner
from interest_platform.service.guard import STATIC_PATH, Guard, too_large
from interest_platform.service.metrics import Metrics
from interest_platform.service.problems import ProblemDetails, of_http, of_validation, problem_response
from interest_platform.service.routes import assigning_routes, probing_routes, reading_routes
from interest_platform.service.state import State, load_state
from interest_platform.service.watch import Current
from interest_platform.settings import Settings

# FastAPI would hand each request's path, thus user ids, to whatever OpenTelemetry provider the process has
_NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
_ABOUT = "Recommendations and segments of the published file, and the segment of new texts. Read-only."
_FAILED = "the service has failed; its log says where"


def create_app(settings: Settings, token: SecretStr, started: Callable[[State | None], None] = lambda _: None) -> Guard:
    """The ASGI application over the home's published file; `started` is told what is served once it is loaded.

    Making it reads nothing: that happens when the server starts it up.
    """
    service, metrics = settings.config.service, Metrics()
    assigner = Assigner(settings, metrics)
    current = Current(settings.published_file, partial(load_state, settings), metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        beside: set[asyncio.Task[None]] = set()

        def renewed() -> None:
            beside.add(asyncio.create_task(_settle(current, assigner)))

        if await current.look():
            renewed()
        beside.add(asyncio.create_task(current.watch(service.watch_seconds, renewed)))
        started(current.state)
        yield
        for task in beside:
            task.cancel()
        assigner.close()

    app = FastAPIOffline(
        redoc_url=None,
        static_url=STATIC_PATH,
        title="interest_platform",
        description=_ABOUT,
        version="1",
        lifespan=lifespan,
        telemetry=_NO_TELEMETRY,
        max_body_size=service.max_body_bytes,
    )
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    large = too_large(service.max_body_bytes)
    app.add_exception_handler(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, lambda request, _: of_http(request, large))
    # who logs it is the guard
    app.add_exception_handler(Exception, lambda *_: problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED))
    app.include_router(reading_routes(current))
    app.include_router(assigning_routes(current, assigner, service))
    app.include_router(probing_routes(current, assigner, metrics))
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return Guard(app, service, token.get_secret_value(), metrics)


async def _settle(current: Current, assigner: Assigner) -> None:
    """Make ready for the state in force what can be made ready before it is asked for."""
    if current.state is not None and current.state.map is not None:
        await assigner.warm(current.state.map)
    # what is loaded by now stays: the garbage collector would halt requests to walk all of it again and again
    gc.freeze()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The schema, with the token that all but the open routes need."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = schema["components"]
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        parts["schemas"]["Problem"] = ProblemDetails.model_json_schema()
        schema["security"] = [{"token": []}]
        app.openapi_schema = schema
    return app.openapi_schema
