"""What an endpoint answers when it does not answer: which failures pass by waiting, and how each is told in a line."""

import httpx2

from interest_platform.errors import InterestError

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may be gone at the next try."""

NEVER_PASSING = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""OpenAI's error codes that come as 429 although no waiting helps."""

SHOWN_CHARS = 200


class EndpointError(InterestError):
    """The endpoint did not answer as asked. `status` is its HTTP status, None where there was no usable answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EndpointStopped(EndpointError):
    """Not asked, since somebody has stopped the asking."""


def passes(response: httpx2.Response) -> bool:
    """Whether the same request may succeed later."""
    return response.status_code in PASSING and _error_code(response) not in NEVER_PASSING


def told(response: httpx2.Response) -> str:
    """Status and the server's own words, on one line: `429 Too Many Requests: slow down`."""
    error = _error(response)
    message = error.get("message") if isinstance(error, dict) else error
    words = " ".join(str(message or response.text).split())
    line = f"{response.status_code} {response.reason_phrase}".strip()
    return f"{line}: {words[:SHOWN_CHARS]}" if words else line


def told_error(error: httpx2.TransportError) -> str:
    """What went wrong on the way, on one line; httpx leaves some of its errors without words."""
    return " ".join(str(error).split()) or type(error).__name__


def _error_code(response: httpx2.Response) -> str | None:
    error = _error(response)
    return str(error.get("code") or error.get("type")) if isinstance(error, dict) else None


def _error(response: httpx2.Response) -> object:
    """The `error` (OpenAI, vLLM, TEI) or `detail` (FastAPI) of a JSON answer, None where there is none."""
    try:
        content = response.json()
    except ValueError:
        return None
    return (content.get("error") or content.get("detail")) if isinstance(content, dict) else None
