"""Errors as RFC 9457 problem details: one line of what is wrong, and nothing of how the service is made."""

import math
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    title: str = Field(description="What the status means.")
    status: int = Field(description="The status code.")
    detail: str = Field(description="What is wrong, and what to do.")


class Problem(HTTPException):
    """An understood failure of a request; `retry_after` seconds become the header, rounded up."""

    def __init__(self, status: HTTPStatus, detail: str, retry_after: float | None = None) -> None:
        after = None if retry_after is None else {"Retry-After": str(math.ceil(max(retry_after, 1)))}
        super().__init__(status, detail, after)


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed."""
    body = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(body.model_dump_json(), status, headers, "application/problem+json")


def of_http(_: Request, error: Exception) -> Response:
    """Of what a handler, or FastAPI itself, refuses."""
    assert isinstance(error, HTTPException)
    nowhere = error.status_code == HTTPStatus.NOT_FOUND and not isinstance(error, Problem)
    detail = "there is no such address; /docs lists them" if nowhere else str(error.detail)
    return problem_response(error.status_code, detail, error.headers)


def of_validation(_: Request, error: Exception) -> Response:
    """Of a request that does not fit; what was sent is not repeated, since it may be a person's text."""
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    first = details[0]
    where, said = ".".join(str(part) for part in first["loc"][1:]) or "body", first["msg"]
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    told = f"{where}: {said[:1].lower()}{said[1:]}{more}"
    if first["type"] == "json_invalid":
        told = f"the body is not JSON (character {where})"
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, told)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, object]]:
    """The statuses as OpenAPI responses."""
    return {int(status): {"description": status.phrase, "content": _content(status)} for status in statuses}


def _content(status: HTTPStatus) -> dict[str, object]:
    example = {"title": status.phrase, "status": int(status), "detail": "one line of what is wrong, and what to do"}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"application/problem+json": {"schema": schema, "example": example}}
