"""A POST of JSON to an OpenAI-compatible endpoint, tried until it is answered or can't be."""

import json
import random
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from interest_platform.endpoint.backoff import asked_wait, backoff
from interest_platform.endpoint.failures import EndpointError, EndpointStopped, passes, told, told_error
from interest_platform.endpoint.pace import Pace

HIDDEN = "***"
REDIRECTS = 3
"""Redirects within one origin that are followed."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class EndpointSpec:
    """Where to ask and how patiently. `base_url` ends before `/embeddings` or `/chat/completions`."""

    base_url: str
    key: SecretStr | None = field(default=None, repr=False)
    timeout: float = 60.0
    """Seconds without a byte after which a try is given up."""
    retries: int = 6
    """Tries after the first."""
    longest_wait: float = 120.0
    """Seconds; a server that asks for a longer wait is given up."""
    connections: int = 4


@dataclass(frozen=True)
class _Failure:
    """A try that failed and may succeed later; `wait` is how many seconds the server asks to wait."""

    told: str
    wait: float | None = None


@dataclass
class Counts:
    """What has been sent: `requests` of which `retries` were not the first try."""

    requests: int = 0
    retries: int = 0


class Endpoint:
    """One server's API. May be used by several threads. Close it, or use it as a context manager."""

    def __init__(self, spec: EndpointSpec, pace: Pace | None = None) -> None:
        self._spec = spec
        self._stopped = threading.Event()
        self._pace = pace or Pace()
        self._jitter = random.Random()  # decides when, never what
        self._lock = threading.Lock()
        self.counts = Counts()
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {spec.key.get_secret_value()}"} if spec.key else {},
            timeout=httpx2.Timeout(spec.timeout, connect=min(spec.timeout, 10.0), pool=None),
            limits=httpx2.Limits(max_connections=spec.connections, max_keepalive_connections=spec.connections),
            follow_redirects=False,
            # a proxy of the environment is for other machines
            trust_env=urlsplit(spec.base_url).hostname not in _LOOPBACK,
        )

    def __enter__(self) -> "Endpoint":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> None:
        """Try nothing again from now on: who waits is woken and fails, answers on their way still arrive."""
        self._stopped.set()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, path: str, body: dict[str, Any], tokens: int = 0) -> dict[str, Any]:
        """The JSON object that the server answers to `body`; `tokens` is the request's size for the pace.

        Tries again, with exponential backoff and jitter and never sooner than the server asks, after a failure that
        may pass: no connection, a cut one, a timeout, an answer that is no JSON object, or a status in `PASSING`.
        Raises `EndpointError` at any other status and when the tries are used up, `EndpointStopped` after `stop`.
        """
        url = f"{self._spec.base_url.rstrip('/')}/{path}"
        failure = _Failure("never asked")
        for attempt in range(self._spec.retries + 1):
            self._stopped.wait(self._pace.turn(tokens))
            if self._stopped.is_set():
                raise EndpointStopped(f"{url}: not asked any more")
            answer = self._try(url, body, attempt)
            if not isinstance(answer, _Failure):
                return answer
            failure = answer
            if attempt < self._spec.retries:
                self._rest(url, failure, attempt)
        raise self._error(f"{url}: {failure.told}; given up after {self._spec.retries + 1} tries")

    def _try(self, url: str, body: dict[str, Any], attempt: int) -> dict[str, Any] | _Failure:
        """The answer, or a failure that may pass. Raises `EndpointError` for one that won't."""
        try:
            response = self._send(url, body, attempt)
        except httpx2.TransportError as error:
            return _Failure(told_error(error))
        if response.is_success:
            answer = _json_object(response)
            kind = response.headers.get("content-type", "nothing")
            return answer if answer is not None else _Failure(f"answers {kind}, not a JSON object")
        if passes(response):
            return _Failure(told(response), asked_wait(response.headers))
        raise self._error(f"{url}: {told(response)}", response.status_code)

    def _rest(self, url: str, failure: _Failure, attempt: int) -> None:
        """Keep everyone from asking for as long as the server says, and this one a random while longer."""
        wait, longest = failure.wait, self._spec.longest_wait
        if wait is not None and wait > longest:
            raise self._error(
                f"{url}: {failure.told}; asks to wait {wait:.0f} s, longer than the {longest:.0f} s allowed"
            )
        if wait is not None:
            self._pace.pause(wait)
        self._stopped.wait(backoff(attempt, self._jitter))

    def _send(self, url: str, body: dict[str, Any], attempt: int) -> httpx2.Response:
        origin = httpx2.URL(url).netloc, httpx2.URL(url).scheme
        for _ in range(REDIRECTS + 1):
            with self._lock:
                self.counts.requests += 1
                self.counts.retries += attempt > 0
            response = self._client.post(url, json=body)
            if not response.has_redirect_location:
                return response
            target = httpx2.URL(url).join(response.headers["location"])
            if (target.netloc, target.scheme) != origin:
                raise self._error(
                    f"{url}: redirects to {target.scheme}://{target.host}, which is not followed: the key would go "
                    "with it; set base_url to the address that is meant",
                    response.status_code,
                )
            url = str(target)
        raise self._error(f"{url}: more than {REDIRECTS} redirects")

    def _error(self, message: str, status: int | None = None) -> EndpointError:
        """An error without the key, which servers like to repeat."""
        key = self._spec.key.get_secret_value() if self._spec.key else ""
        return EndpointError(message.replace(key, HIDDEN) if key else message, status)


def _json_object(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        content = json.loads(response.content)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
