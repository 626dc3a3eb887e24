"""The encoder over any transformer of the Hugging Face kind, BERT-like or decoder: pooled, unit length."""

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
from interest_platform.embedding.int8 import INT8_SCHEME
from interest_platform.embedding.languages import card_languages
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.pooling import resolve_pooling
from interest_platform.embedding.precision import choose_precision
from interest_platform.embedding.strange_tokens import StrangeTokens
from interest_platform.embedding.tokens import Tokens, padded, plan_batches, tokenise
from interest_platform.errors import EncoderError

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings
    from interest_platform.embedding.network import Network


class TransformerEncoder:
    """An `Encoder`; its weights are loaded at the first text."""

    def __init__(self, settings: "EncoderSettings", folder: Path, home: Path | None = None) -> None:
        """Find and hash the model's files. Raises `EncoderError` as `find_model` does."""
        self._settings = settings
        self._model = find_model(settings.model, folder)
        self._pooling = resolve_pooling(settings.pooling, self._model)
        chosen = choose_precision(settings.precision, self._model, self._pooling, home)
        self._precision, self._fidelity = chosen.precision, chosen.fidelity
        self._limit = min(settings.max_tokens, self._model.most_tokens)
        self._lock = threading.Lock()
        self.dimension = self._model.dimension

    @cached_property
    def fingerprint(self) -> str:
        """See `Encoder`; over the files' hashes, pooling, length limit, precision, and the instruction if any."""
        decides: dict[str, object] = {"pooling": self._pooling, "max_tokens": self._limit, "precision": self._precision}
        if self._settings.instruction:
            decides["instruction"] = self._settings.instruction
        if self._precision == "int8":
            decides["int8"] = INT8_SCHEME
        return fingerprint("transformer", {"files": self._model.hashes, **decides})

    @cached_property
    def description(self) -> Mapping[str, str | int | float]:
        """See `Encoder`; `max_tokens` is the setting, or the model's own limit where that is lower."""
        told: dict[str, str | int | float] = {
            "kind": "transformer",
            "model": self._model.name,
            "revision": self._model.revision,
            "weights_sha256": self._model.weights_sha256,
            "dimension": self.dimension,
            "precision": self._precision,
            "pooling": self._pooling,
            "instruction": self._settings.instruction,
            "max_tokens": self._limit,
            "device": device(),
        }
        return told | ({} if self._fidelity is None else {"fidelity_to_fp32": self._fidelity})

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Encoded:
        """See `Encoder`. Distinct texts are encoded once, sorted by length; memory is bounded by `batch_tokens`."""
        if not texts:
            nothing = np.empty((0, self.dimension), dtype=np.float32)
            return Encoded(nothing, np.empty(0, dtype=np.int32), np.empty(0, dtype=bool))
        distinct = Distinct.of(texts)
        rows = distinct.rows
        with self._lock:
            tokens = list(tokenise(self.network.tokenizer, self._read(distinct.texts), self._limit))
            vectors = self._vectors(tokens, lambda done: progress(distinct.times(done)) if progress else None)
        self._require_finite(vectors, rows)
        n_tokens = np.array([len(t) for t in tokens], dtype=np.int32)
        truncated = np.array([t.truncated for t in tokens], dtype=bool)
        return Encoded(vectors[rows], n_tokens[rows], truncated[rows])

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """See `LanguageAware`."""
        return card_languages(self._model.path)

    @cached_property
    def strange_tokens(self) -> StrangeTokens | None:
        """See `LanguageAware`."""
        return StrangeTokens.of_folder(self._model.path)

    @cached_property
    def network(self) -> "Network":
        """Tokenizer and model, loaded when first asked for."""
        from interest_platform.embedding.network import load_network

        return load_network(self._model, self._precision, device(), self._limit, self._pooling)

    def _read(self, texts: list[str]) -> list[str]:
        """What the model is given of each text."""
        return [self._settings.instruction + text for text in texts] if self._settings.instruction else texts

    def _vectors(self, tokens: list[Tokens], done: Callable[[np.ndarray], None]) -> np.ndarray:
        lengths = np.array([len(t) for t in tokens])
        order = np.argsort(lengths, kind="stable")
        at_once = workers.plan(self._settings.batch_tokens, device())
        batches = plan_batches(lengths[order].tolist(), at_once.batch_tokens, self._limit)
        pad_id = self.network.tokenizer.pad_token_id or 0

        def run(batch: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
            first, end, length = batch
            members = order[first:end]
            return members, self.network.pooled(*padded([tokens[i] for i in members], length, pad_id))

        vectors = np.empty((len(tokens), self.dimension), dtype=np.float32)
        for members, found in workers.run(run, batches, at_once):
            self._require_dimension(found)
            vectors[members] = found
            done(members)
        return vectors

    def _require_dimension(self, vectors: np.ndarray) -> None:
        if vectors.shape[1] != self.dimension:
            raise EncoderError(
                f"encoder.model {self._model.name}: gives vectors of length {vectors.shape[1]}, "
                f"its config.json says {self.dimension}"
            )

    def _require_finite(self, vectors: np.ndarray, rows: np.ndarray) -> None:
        broken = ~np.isfinite(vectors).all(axis=1)
        if broken.any():
            first = int(np.flatnonzero(broken[rows])[0])
            raise EncoderError(
                f"encoder.model {self._model.name}: {int(broken[rows].sum())} of {len(rows)} vectors are not finite "
                f"(first: text {first}); the weights are damaged, or {self._precision} is too narrow for them: "
                "try encoder.precision fp32"
            )
