"""What the service tells Prometheus. Labels are route templates, methods and codes: nothing of a user."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from interest_platform.service.state import State

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})


class Metrics:
    """A registry of its own, so that a process may hold several services."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "interest_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "interest_request_seconds", "Time to answer a request.", ["route"], buckets=_SECONDS, registry=registry
        )
        self.under_way = Gauge("interest_requests_under_way", "Requests that are being answered.", registry=registry)
        self.encoder_queue = Gauge(
            "interest_encoder_queue", "Requests to assign that wait for the encoder or are in it.", registry=registry
        )
        self._steps = Histogram(
            "interest_assign_seconds",
            "Time to clean a user's texts, and to encode and place them, without waiting.",
            ["step"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._loads = Counter("interest_loads", "Published files loaded, or failed to.", ["result"], registry=registry)
        for result in ("loaded", "failed"):
            self._loads.labels(result)
        self._load_seconds = Gauge("interest_load_seconds", "Time that the last load took.", registry=registry)
        self._version = Gauge("interest_lake_version", "Lake version that is served.", registry=registry)
        self._published = Gauge(
            "interest_published_timestamp_seconds", "When that file was published.", registry=registry
        )
        self._window = Gauge(
            "interest_window_timestamp_seconds", "Start of the newest window of lists.", registry=registry
        )
        self._users = Gauge("interest_users", "Users with a list, and with a segment.", ["with"], registry=registry)
        self._bytes = Gauge(
            "interest_state_bytes", "Memory of the lists and of the users' segments.", registry=registry
        )
        ProcessCollector(registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is the template that it matched."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def step(self, name: str) -> AbstractContextManager[object]:
        """Time a step of assigning: `clean` or `place`."""
        return self._steps.labels(name).time()

    def loaded(self, state: State, seconds: float) -> None:
        """Tell of a new state."""
        self._loads.labels("loaded").inc()
        self._load_seconds.set(seconds)
        self._version.set(state.lake_version)
        self._published.set(_timestamp(state.published_at))
        self._window.set(float("nan") if state.window is None else _timestamp(datetime.fromisoformat(state.window)))
        self._users.labels("list").set(len(state.lists.users))
        self._users.labels("segment").set(len(state.stays.users))
        self._bytes.set(state.lists.nbytes + state.stays.nbytes)

    def load_failed(self) -> None:
        """Count a published file that could not be loaded."""
        self._loads.labels("failed").inc()

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


def _timestamp(moment: datetime) -> float:
    """Seconds since 1970 of a UTC time."""
    return moment.replace(tzinfo=UTC).timestamp()
