"""One batch of texts asked of an embeddings endpoint until every text of it has a usable vector."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from interest_platform.embedding.api_answer import tokens_of, vectors_of
from interest_platform.embedding.api_batches import estimated_tokens, shared_out
from interest_platform.endpoint import Endpoint, EndpointError
from interest_platform.errors import EncoderError

TOO_LARGE = frozenset({400, 413, 422})
"""What servers answer to a request of too many texts or tokens; also to one that is wrong, which halving shows."""

ROUNDS = 3
"""How often a text is asked for whose vector did not come or was not finite."""


@dataclass(frozen=True)
class Arrived:
    """Vectors of some texts of a batch. `places` index the batch; `n_tokens` are those of `vectors`, row by row."""

    places: list[int]
    vectors: list[np.ndarray]
    n_tokens: list[int]
    tokens: int
    """Of the request, those of texts that got no usable vector included: all are paid for."""
    told: bool
    """Whether the server said how many tokens it has read; else they are estimated."""


class Asking:
    """Asks for batches; `keep` is called with what arrived at once, before anything else is asked."""

    def __init__(self, endpoint: Endpoint, body: dict[str, object], dimension: Callable[[int], None]) -> None:
        """`body` goes with every request; `dimension` hears each length and raises `EncoderError` for a wrong one."""
        self._endpoint = endpoint
        self._body = body
        self._dimension = dimension

    def ask(self, texts: Sequence[str], keep: Callable[[Arrived], None]) -> None:
        """Ask until every text has a vector; only texts without one are asked for again.

        Raises `EndpointError` where the endpoint fails, `EncoderError` where a text's vector stays unusable or is of
        a wrong length. What had arrived before has been kept.
        """
        open_places = list(range(len(texts)))
        for _ in range(ROUNDS):
            open_places = self._round(texts, open_places, keep)
            if not open_places:
                return
        raise EncoderError(
            f"encoder.api: {len(open_places)} of {len(texts)} texts of a request have no finite vector after {ROUNDS} "
            f"tries (the first has {len(texts[open_places[0]])} characters); the server's model gives NaN, zeros or "
            "nothing for them"
        )

    def _round(self, texts: Sequence[str], places: list[int], keep: Callable[[Arrived], None]) -> list[int]:
        """Ask once for the texts at `places`, in halves where the server finds them too many; those left open."""
        asked = [texts[place] for place in places]
        try:
            answer = self._endpoint.post(
                "embeddings", self._body | {"input": asked}, sum(estimated_tokens(text) for text in asked)
            )
        except EndpointError as error:
            if error.status not in TOO_LARGE or len(places) == 1:
                raise
            half = len(places) // 2
            return self._round(texts, places[:half], keep) + self._round(texts, places[half:], keep)
        found = vectors_of(answer, len(asked))
        for vector in found.values():
            self._dimension(len(vector))
        keep(_arrived(places, asked, found, tokens_of(answer)))
        return [place for i, place in enumerate(places) if i not in found]


def _arrived(places: list[int], asked: list[str], found: dict[int, np.ndarray], told: int | None) -> Arrived:
    tokens = told if told is not None else sum(estimated_tokens(text) for text in asked)
    share = shared_out(tokens, asked)
    rows = sorted(found)
    return Arrived(
        [places[i] for i in rows], [found[i] for i in rows], [share[i] for i in rows], tokens, told is not None
    )
