"""The encoder for texts in 16 languages that needs no download: Universal Sentence Encoder multilingual v3."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interest_platform.embedding import workers
from interest_platform.embedding.distinct import Distinct
from interest_platform.embedding.encoder import Encoded
from interest_platform.embedding.fingerprint import fingerprint
from interest_platform.embedding.hardware import device
from interest_platform.embedding.strange_tokens import StrangeTokens
from interest_platform.embedding.tokens import Tokens
from interest_platform.embedding.usem_files import LANGUAGES, UsemFiles, find_usem
from interest_platform.embedding.usem_network import DIMENSION, plan_flat

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings
    from interest_platform.embedding.usem_network import UsemNetwork
    from interest_platform.embedding.usem_tokens import UsemTokenizer


_MOST_TOKENS = 4_096
"""Of a batch on a core: the more tokens, the fewer different pieces among them (512 take a quarter longer)."""


class MultilingualEncoder:
    """An `Encoder`; its weights are loaded at the first text."""

    dimension = DIMENSION

    def __init__(self, settings: "EncoderSettings", folder: Path, home: Path | None = None) -> None:
        """Find and verify the package's files. Raises `EncoderError` as `find_usem` does."""
        self._files: UsemFiles = find_usem()
        self._limit = settings.max_tokens
        self._batch_tokens = settings.batch_tokens
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """See `Encoder`; over the files' hashes and the length limit."""
        return fingerprint("multilingual", {"files": self._files.hashes, "max_tokens": self._limit})

    @cached_property
    def description(self) -> Mapping[str, str | int | float]:
        """See `Encoder`."""
        return {
            "kind": "multilingual",
            "model": "universal-sentence-encoder-multilingual",
            "revision": "3",
            "weights_sha256": self._files.hashes[self._files.weights.name],
            "dimension": DIMENSION,
            "precision": "fp32",
            "max_tokens": self._limit,
            "device": device(),
        }

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Encoded:
        """See `Encoder`. Distinct texts are encoded once; memory is bounded by `batch_tokens`."""
        if not texts:
            nothing = np.empty((0, DIMENSION), dtype=np.float32)
            return Encoded(nothing, np.empty(0, dtype=np.int32), np.empty(0, dtype=bool))
        distinct = Distinct.of(texts)
        with self._lock:
            tokens = list(self.tokenizer.tokenise(distinct.texts, self._limit))
            vectors = self._vectors(tokens, lambda done: progress(distinct.times(done)) if progress else None)
        n_tokens = np.array([len(t) for t in tokens], dtype=np.int32)
        truncated = np.array([t.truncated for t in tokens], dtype=bool)
        return Encoded(vectors[distinct.rows], n_tokens[distinct.rows], truncated[distinct.rows])

    @property
    def languages(self) -> frozenset[str]:
        """See `LanguageAware`."""
        return LANGUAGES

    @cached_property
    def strange_tokens(self) -> StrangeTokens:
        """See `LanguageAware`."""
        return StrangeTokens(self.tokenizer.backend, self.tokenizer.normalise)

    @cached_property
    def tokenizer(self) -> "UsemTokenizer":
        """Loaded when first asked for; needs no weights."""
        from interest_platform.embedding.usem_tokens import UsemTokenizer

        return UsemTokenizer(self._files.pieces)

    @cached_property
    def network(self) -> "UsemNetwork":
        """Loaded when first asked for."""
        from interest_platform.embedding.usem_network import UsemNetwork

        return UsemNetwork(self._files.weights, device())

    def _vectors(self, tokens: list[Tokens], done: Callable[[slice], None]) -> np.ndarray:
        at_once = workers.plan(self._batch_tokens, device(), _MOST_TOKENS)
        network = self.network  # loaded once, before threads ask for it

        def run(batch: tuple[int, int]) -> tuple[slice, np.ndarray]:
            part = slice(*batch)
            return part, network.encode([t.ids for t in tokens[part]])

        vectors = np.empty((len(tokens), DIMENSION), dtype=np.float32)
        for part, found in workers.run(run, plan_flat([len(t) for t in tokens], at_once.batch_tokens), at_once):
            vectors[part] = found
            done(part)
        return vectors
