"""The encoder that looks its tokens up: distilled once from any transformer, then thousands of texts a second."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interest_platform.embedding.distil import SIF, distil
from interest_platform.embedding.encoder import Encoded
from interest_platform.embedding.fingerprint import fingerprint
from interest_platform.embedding.languages import card_languages
from interest_platform.embedding.made import made_folder, one_at_a_time, read_made, write_made
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.pooling import resolve_pooling
from interest_platform.embedding.strange_tokens import StrangeTokens
from interest_platform.embedding.unit import unit_rows
from interest_platform.embedding.word_pieces import PieceReader

if TYPE_CHECKING:
    import torch

    from interest_platform.configuration import EncoderSettings

_TEXTS_AT_ONCE = 4_096
_TOKENIZER = "tokenizer.json"


class StaticEncoder:
    """An `Encoder`; its parent is distilled at the first text, where the home does not hold the table yet."""

    def __init__(self, settings: "EncoderSettings", folder: Path, home: Path | None = None) -> None:
        """Find and hash the parent's files. Raises `EncoderError` as `find_model` does, and without a home."""
        self._made = made_folder(home, "static")
        self._parent = find_model(settings.model, folder)
        self._pooling = resolve_pooling(settings.pooling, self._parent)
        self._limit = settings.max_tokens
        self._lock = threading.Lock()
        self.dimension = min(settings.dimension, self._parent.dimension)

    @cached_property
    def fingerprint(self) -> str:
        """See `Encoder`; over the parent's files, pooling, dimension, weighting and length limit."""
        return fingerprint("static", {**self._decides, "max_tokens": self._limit})

    @cached_property
    def description(self) -> Mapping[str, str | int | float]:
        """See `Encoder`; `model` and `weights_sha256` are the parent's."""
        return {
            "kind": "static",
            "model": self._parent.name,
            "revision": self._parent.revision,
            "weights_sha256": self._parent.weights_sha256,
            "dimension": self.dimension,
            "pooling": self._pooling,
            "sif": SIF,
            "max_tokens": self._limit,
        }

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Encoded:
        """See `Encoder`. The mean of the tokens' vectors; a text without a known token is the average text."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        n_tokens, truncated = np.empty(len(texts), dtype=np.int32), np.empty(len(texts), dtype=bool)
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = slice(start, min(start + _TEXTS_AT_ONCE, len(texts)))
            with self._lock:
                vectors[part], n_tokens[part], truncated[part] = self._encode(texts[part])
            if progress is not None:
                progress(part.stop - part.start)
        return Encoded(vectors, n_tokens, truncated)

    @cached_property
    def languages(self) -> frozenset[str] | None:
        """See `LanguageAware`; the parent's."""
        return card_languages(self._parent.path)

    @cached_property
    def strange_tokens(self) -> StrangeTokens | None:
        """See `LanguageAware`; by the parent's tokenizer."""
        return StrangeTokens.of_folder(self._parent.path)

    def _encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import torch

        table, average, reader = self._model
        pieces = reader.read(texts, self._limit)
        with torch.inference_mode():
            ids, starts = torch.from_numpy(pieces.ids), torch.from_numpy(pieces.starts)
            sums = torch.nn.functional.embedding_bag(ids, table, starts, mode="sum").numpy()
        # of unit length in the end, so the sum serves as the mean
        return unit_rows(sums, average), pieces.lengths, pieces.truncated

    @property
    def _decides(self) -> dict[str, object]:
        return {"parent": self._parent.hashes, "pooling": self._pooling, "dimension": self.dimension, "sif": SIF}

    @cached_property
    def _model(self) -> "tuple[torch.Tensor, np.ndarray, PieceReader]":
        """Table, vector of the average text, tokenizer: from the home, distilled there first where it is not."""
        import torch

        folder = self._made / fingerprint("table", self._decides)
        if not folder.is_dir():
            with one_at_a_time(folder):
                if not folder.is_dir():
                    self._distil(folder)
        tensors, _ = read_made(folder)
        table = torch.from_numpy(tensors["table"].astype(np.float32))
        return table, tensors["average"], PieceReader((folder / _TOKENIZER).read_text(encoding="utf-8"))

    def _distil(self, folder: Path) -> None:
        table, average, tokenizer = distil(self._parent, self._pooling, self.dimension)
        about = {"parent": self._parent.name, "parent_files": self._parent.hashes, "pooling": self._pooling, "sif": SIF}
        # half the bytes, and a rounding far below what the method itself gives away
        tensors: dict[str, np.ndarray] = {"table": table.astype(np.float16), "average": average.astype(np.float32)}
        write_made(folder, tensors, about, lambda f: (f / _TOKENIZER).write_text(tokenizer, encoding="utf-8"))
