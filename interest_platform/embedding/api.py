"""The encoder behind an OpenAI-compatible `/v1/embeddings` endpoint; nothing that has been paid for is asked again."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from interest_platform.embedding.api_asking import Arrived, Asking
from interest_platform.embedding.api_batches import batches, estimated_tokens
from interest_platform.embedding.distinct import Distinct
from interest_platform.embedding.encoder import Encoded
from interest_platform.embedding.fingerprint import fingerprint
from interest_platform.embedding.spending import Forecast, Spending
from interest_platform.embedding.vector_cache import VectorCache, text_key
from interest_platform.endpoint import Endpoint, EndpointError, EndpointSpec, EndpointStopped, endpoint_key
from interest_platform.endpoint.pace import Pace
from interest_platform.errors import EncoderError

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings

CACHE = "cache/vectors"
"""Below the home."""

BLANK = " "
"""Asked for in place of an empty text, which servers refuse."""


class ApiEncoder:
    """An `Encoder`; its key is read from the environment when it is made, and held by its connections alone."""

    def __init__(self, settings: "EncoderSettings", folder: Path, home: Path | None = None) -> None:
        """Raises `EncoderError` without a home, `SettingsError` without the key that the settings ask for."""
        if home is None:
            raise EncoderError("encoder.kind api: needs a home to keep what has been paid for; set INTEREST_HOME")
        if settings.api is None:
            raise EncoderError("encoder.kind api: needs the section encoder.api")
        self._settings = settings
        self._api = settings.api
        self._spec = EndpointSpec(
            self._api.base_url,
            endpoint_key(self._api.key_variable, "encoder.api.key_variable"),
            timeout=self._api.timeout,
            retries=self._api.retries,
            longest_wait=self._api.longest_wait,
            connections=self._api.concurrency,
        )
        self._cache = VectorCache(home / CACHE, self.fingerprint)
        self._lock = threading.Lock()
        self._spending = Spending(self._api.price_per_million_tokens)
        self._dimension: int | None = self._api.dimensions

    @cached_property
    def fingerprint(self) -> str:
        """See `Encoder`; over model, dimensions, length limit, and the space: the endpoint's address if not named."""
        api = self._api
        decides = {"dimensions": api.dimensions, "max_chars": api.max_chars, "space": api.space or api.base_url}
        return fingerprint("api", {"model": self._settings.model, **decides})

    @property
    def dimension(self) -> int:
        """See `Encoder`. Where neither the settings nor the cache tell it, one short text is asked for (and kept)."""
        if self._dimension is None:
            self._dimension = self._cache.dimension()
        if self._dimension is None:
            self.encode([BLANK])
        assert self._dimension is not None
        return self._dimension

    @property
    def description(self) -> Mapping[str, str | int | float]:
        """See `Encoder`; the address's host stands for the endpoint, and there is no key in it."""
        told: dict[str, str | int | float] = {
            "kind": "api",
            "model": self._settings.model,
            "endpoint": urlsplit(self._api.base_url).netloc,
            "max_chars": self._api.max_chars,
        }
        return told | ({} if self._dimension is None else {"dimension": self._dimension})

    def spent(self) -> Mapping[str, int | float]:
        """See `Metered`."""
        return self._spending.take()

    def forecast(self, texts: Sequence[str]) -> Forecast:
        """See `Metered`. The seconds are those that the limits a minute ask for; not how fast the server is."""
        sent = {self._sent(text) for text in texts}
        known = set(self._cache.find([text_key(text) for text in sent])["text_hash"])
        missing = sorted(text for text in sent if text_key(text) not in known)
        requests = batches(missing, self._api.batch_texts, self._settings.batch_tokens)
        tokens = sum(estimated_tokens(text) for text in missing)
        pace = Pace(self._api.requests_per_minute, self._api.tokens_per_minute, clock=lambda: 0.0)
        turns = [pace.turn(sum(estimated_tokens(missing[i]) for i in request)) for request in requests]
        return Forecast(tokens, self._spending.cost(tokens), max(turns, default=0.0))

    def _sent(self, text: str) -> str:
        return text[: self._api.max_chars] if text.strip() else BLANK

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Encoded:
        """See `Encoder`. Distinct texts that the cache lacks are asked for; each answer is in the cache at once.

        Raises `EncoderError` where the endpoint does not answer as it should; what has arrived by then is kept, and
        the next call asks for the rest alone.
        """
        if not texts:
            nothing = np.empty((0, self.dimension), dtype=np.float32)
            return Encoded(nothing, np.empty(0, dtype=np.int32), np.empty(0, dtype=bool))
        limit = self._api.max_chars
        sent = [self._sent(text) for text in texts]
        distinct = Distinct.of(sent)
        job = _Job(distinct.texts, distinct.counts, progress)
        with self._cache.held():
            job.known(self._cache)
            self._ask(job)
        vectors = np.stack(job.vectors)  # type: ignore[arg-type]
        truncated = np.array([len(text) > limit and bool(text.strip()) for text in texts], dtype=bool)
        return Encoded(vectors[distinct.rows], job.n_tokens[distinct.rows], truncated)

    def _ask(self, job: "_Job") -> None:
        missing = job.missing()
        if missing:
            plan = batches([job.texts[i] for i in missing], self._api.batch_texts, self._settings.batch_tokens)
            requests = [[missing[i] for i in batch] for batch in plan]
            pace = Pace(self._api.requests_per_minute, self._api.tokens_per_minute)
            with Endpoint(self._spec, pace) as endpoint:
                try:
                    self._together(endpoint, job, requests)
                finally:
                    self._spending.asked(endpoint.counts.requests, endpoint.counts.retries)
        lengths = {len(v) for v in job.vectors if v is not None}
        self._dimension = self._dimension or next(iter(lengths))
        self._spending.found(len(job.texts) - len(missing), len(missing))

    def _together(self, endpoint: Endpoint, job: "_Job", requests: list[list[int]]) -> None:
        """Ask several at once. After a failure none is begun, those at work are waited for, and it is told."""
        asking = Asking(endpoint, self._body(), self._require_dimension)

        def run(request: list[int]) -> None:
            try:
                asking.ask([job.texts[i] for i in request], lambda arrived: self._keep(job, request, arrived))
            except EndpointStopped:
                return  # another request has failed, and tells why
            except BaseException:
                endpoint.stop()
                raise

        with ThreadPoolExecutor(self._api.concurrency, "embeddings") as pool:
            try:
                for done in as_completed([pool.submit(run, request) for request in requests]):
                    done.result()
            except BaseException as error:
                endpoint.stop()
                pool.shutdown(cancel_futures=True)
                if isinstance(error, (EndpointError, EncoderError)):
                    raise EncoderError(f"{error}; {self._kept_line(job)}") from error
                raise

    def _body(self) -> dict[str, object]:
        body: dict[str, object] = {"model": self._settings.model, "encoding_format": self._api.encoding}
        return body | ({"dimensions": self._api.dimensions} if self._api.dimensions else {})

    def _keep(self, job: "_Job", request: list[int], arrived: Arrived) -> None:
        places = [request[i] for i in arrived.places]
        with self._lock:
            if places:
                keys = [text_key(job.texts[i]) for i in places]
                self._cache.add(keys, [v.tolist() for v in arrived.vectors], arrived.n_tokens)
            self._spending.paid(arrived.tokens, arrived.told)
            job.arrived(places, arrived.vectors, arrived.n_tokens)

    def _require_dimension(self, length: int) -> None:
        with self._lock:
            expected = self._dimension = self._dimension or self._cache.dimension() or length
        if length == expected:
            return
        if self._api.dimensions:
            raise EncoderError(
                f"encoder.api.dimensions: {expected} were asked for, {self._settings.model} gives {length}; set it to "
                f"{length} or to null"
            )
        raise EncoderError(
            f"encoder.model {self._settings.model}: gives vectors of length {length}, earlier ones have {expected}; "
            "the model behind the name has changed: name a new encoder.api.space"
        )

    @staticmethod
    def _kept_line(job: "_Job") -> str:
        kept = len(job.texts) - len(job.missing())
        return f"{kept} of {len(job.texts)} distinct texts are kept, the next run asks for the rest"


class _Job:
    """Distinct texts on their way to vectors; `counts` is how often each was wanted, for the progress."""

    def __init__(self, texts: list[str], counts: np.ndarray, progress: Callable[[int], None] | None) -> None:
        self.texts = texts
        self.vectors: list[np.ndarray | None] = [None] * len(texts)
        self.n_tokens = np.zeros(len(texts), dtype=np.int32)
        self._counts = counts
        self._progress = progress

    def known(self, cache: VectorCache) -> None:
        """Take what the cache has."""
        places = {text_key(text): i for i, text in enumerate(self.texts)}
        found = cache.find(list(places))
        vectors = [np.asarray(v, dtype=np.float32) for v in found["vector"]]
        self.arrived([places[key] for key in found["text_hash"]], vectors, found["n_tokens"].to_list())

    def arrived(self, places: list[int], vectors: list[np.ndarray], n_tokens: list[int]) -> None:
        """Take vectors of the texts at `places`."""
        for place, vector, tokens in zip(places, vectors, n_tokens, strict=True):
            self.vectors[place] = vector
            self.n_tokens[place] = tokens
        if self._progress and places:
            self._progress(int(self._counts[places].sum()))

    def missing(self) -> list[int]:
        """Places of texts without a vector."""
        return [i for i, vector in enumerate(self.vectors) if vector is None]
