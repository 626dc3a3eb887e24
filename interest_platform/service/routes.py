"""The endpoints."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response
from pydantic import StringConstraints

from interest_platform.configuration import ServiceSettings
from interest_platform.service import answers, models
from interest_platform.service.assigner import Assigner
from interest_platform.service.metrics import Metrics
from interest_platform.service.problems import Problem, documented
from interest_platform.service.state import State
from interest_platform.service.watch import Current

LONGEST_ID = 1_000
_COMMON = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_OF_USER = documented(*_COMMON, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
_OF_TEXTS = documented(*_COMMON, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)

User = Annotated[
    str,
    Path(
        min_length=1,
        max_length=LONGEST_ID,
        description="The user's id as it stands in the source, or a user_key of 64 hexadecimal digits.",
        examples=["person@example.org"],
    ),
]
Source = Annotated[
    str | None,
    Query(max_length=LONGEST_ID, description="The source the id is of; needed where several have it."),
]
Limit = Annotated[int | None, Query(ge=1, description="Items at most. Default: the whole list.")]


def reading_routes(current: Current) -> APIRouter:
    """What is answered from memory."""
    routes = APIRouter(tags=["published"])

    @routes.get("/v1/users/{user:path}/recommendations", responses=_OF_USER)
    async def recommendations(user: User, limit: Limit = None, source: Source = None) -> models.Recommendations:
        """What a user is offered after the newest window, and why each item.

        A user without a list of their own gets that of the segment they were in last, anyone else what the lists of
        all users have in front most often; `source` says which.
        """
        return answers.recommendations(_present(current), user, source, limit)

    @routes.get("/v1/users/{user:path}/segment", responses=_OF_USER)
    async def user_segment(user: User, source: Source = None) -> models.UserSegment:
        """The segment of a user's strongest interest, and those of the last windows."""
        return answers.user_segment(_present(current), user, source)

    @routes.get("/v1/segments", responses=documented(*_COMMON))
    async def segments() -> models.Segments:
        """The segments of the newest window, the largest first."""
        return answers.segments(_present(current))

    @routes.get("/v1/segments/{segment_id}/items", responses=documented(*_COMMON, HTTPStatus.NOT_FOUND))
    async def segment_items(
        segment_id: Annotated[str, Path(max_length=LONGEST_ID, examples=["s0008"])], limit: Limit = None
    ) -> models.SegmentItems:
        """What the lists of a segment's users have in front most often; 10 items at most."""
        return answers.segment_items(_present(current), segment_id, limit)

    return routes


def assigning_routes(current: Current, assigner: Assigner, settings: ServiceSettings) -> APIRouter:
    """What needs the encoder."""
    routes = APIRouter(tags=["new texts"])
    Text = Annotated[str, StringConstraints(max_length=settings.max_text_chars)]

    @routes.post("/v1/assign", responses=_OF_TEXTS)
    async def assign(
        texts: Annotated[
            list[Text],
            Body(
                embed=True,
                min_length=1,
                max_length=settings.max_texts,
                description="The texts of one user.",
                examples=[["How do I build a kernel with this patch?"]],
            ),
        ],
    ) -> models.Assignment:
        """The segment that one user's texts lie in, without a run: cleaned and encoded as the line does it.

        Several texts weigh the same. Nothing of them is kept.
        """
        state = _present(current)
        if (places := state.map) is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"texts can't be assigned: {state.no_map}")
        return answers.assignment(state, places, await assigner.place(places, texts))

    return routes


def probing_routes(current: Current, assigner: Assigner, metrics: Metrics) -> APIRouter:
    """What machines ask to know how the service is."""
    routes = APIRouter(tags=["service"])
    unlocked: dict[str, object] = {"security": []}

    @routes.get("/health", openapi_extra=unlocked)
    async def health() -> models.Alive:
        """Whether the process answers; needs no token."""
        return models.Alive()

    @routes.get("/ready", openapi_extra=unlocked, responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
    async def ready() -> models.Ready:
        """Whether a published file is loaded, and which; needs no token."""
        state = _present(current)
        return models.Ready(
            lake_version=state.lake_version,
            published_at=state.published_at,
            window=state.window,
            segments_window=state.segments_window,
            users=len(state.lists.users),
            assign=state.no_map or "ready",
        )

    @routes.get("/metrics", summary="Metrics", response_class=Response, responses=documented(HTTPStatus.UNAUTHORIZED))
    async def metrics_text() -> Response:
        """Counts and times in Prometheus' text format; no user is named in them."""
        metrics.encoder_queue.set(assigner.waiting)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes


def _present(current: Current) -> State:
    if (state := current.state) is None:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "nothing is published that can be read: `interest publish` does it", 5
        )
    return state
