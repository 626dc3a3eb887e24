"""Encoders that are trained on the texts of some windows, and frozen: tfidf and word2vec."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from interest_platform.embedding.encoder import Encoded
from interest_platform.embedding.fingerprint import fingerprint
from interest_platform.embedding.made import made_folder, read_made, write_made
from interest_platform.embedding.text_words import text_words
from interest_platform.embedding.word_table import Vocabulary, WordTable
from interest_platform.errors import NotTrainedError

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings

TRAINERS = {
    "tfidf": "interest_platform.embedding.tfidf:train_tfidf",
    "word2vec": "interest_platform.embedding.word2vec:train_word2vec",
}
"""`encoder.kind` to the function that trains it."""

_WORDS = "words.parquet"
_TEXTS_AT_ONCE = 4_096


class TrainedEncoder:
    """An `Encoder`; fingerprint, dimension, description and vectors raise `NotTrainedError` until it is trained.

    The home keeps every model under its fingerprint, and for each set of settings the name of the one in use.
    """

    def __init__(self, settings: "EncoderSettings", folder: Path, home: Path | None = None) -> None:
        """Reads nothing yet. Raises `EncoderError` without a home."""
        self._kind = settings.kind
        self._made = made_folder(home, settings.kind)
        self._in_use = _in_use(self._made, settings)
        self._lock = threading.Lock()

    @property
    def is_trained(self) -> bool:
        """Whether there is a model for these settings."""
        return self._in_use.is_file()

    @property
    def folder(self) -> Path:
        """The model's folder."""
        return self._made / self.fingerprint

    @cached_property
    def fingerprint(self) -> str:
        """See `Encoder`; over the model itself: trained again on other texts it is another."""
        if not self.is_trained:
            raise NotTrainedError(
                f"encoder.kind {self._kind}: is not trained; run `interest train` (or the job train_encoder)"
            )
        return self._in_use.read_text(encoding="utf-8").strip()

    @property
    def dimension(self) -> int:
        """See `Encoder`."""
        return self._model.table.shape[1]

    @cached_property
    def description(self) -> Mapping[str, str | int | float]:
        """See `Encoder`, with what it was trained on."""
        about = read_made(self.folder)[1]
        return {"kind": self._kind, "dimension": self.dimension, **about}

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Encoded:
        """See `Encoder`. `n_tokens` are the words that the model knows; nothing is cut."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        n_tokens = np.empty(len(texts), dtype=np.int32)
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = slice(start, min(start + _TEXTS_AT_ONCE, len(texts)))
            with self._lock:
                vectors[part], n_tokens[part] = self._model.encode(texts[part])
            if progress is not None:
                progress(part.stop - part.start)
        return Encoded(vectors, n_tokens, np.zeros(len(texts), dtype=bool))

    @cached_property
    def _model(self) -> WordTable:
        tensors, about = read_made(self.folder)
        vocabulary = Vocabulary(pl.read_parquet(self.folder / _WORDS))
        return WordTable(vocabulary, tensors["table"], tensors["average"], about["damping"])


def train(settings: "EncoderSettings", home: Path, texts: Sequence[str], about: Mapping[str, Any]) -> TrainedEncoder:
    """Train on the texts, which are distinct and in an order of their own, and put the model in use.

    The same texts give the same model on the same machine. `about` is kept with the model. Raises `NotTrainedError`
    where the texts have too few words in common.
    """
    words = text_words(texts)
    vocabulary = Vocabulary.of(words, settings.train.min_texts, settings.train.max_words)
    if len(vocabulary) < 2:
        raise NotTrainedError(
            f"encoder.kind {settings.kind}: {len(vocabulary)} words are in {settings.train.min_texts} or more of the "
            f"{len(texts)} texts to train on, 2 at least are needed; widen encoder.train or lower its min_texts"
        )
    module, name = TRAINERS[settings.kind].split(":")
    table, found = getattr(import_module(module), name)(words, len(texts), vocabulary, settings)
    made = made_folder(home, settings.kind)
    told = {"texts": len(texts), "words": len(vocabulary), "damping": table.damping, **found, **about}
    folder = made / fingerprint(settings.kind, {"content": _content(table)})
    if not folder.is_dir():
        tensors = {"table": table.table, "average": table.average}
        write_made(folder, tensors, told, lambda f: vocabulary.words.write_parquet(f / _WORDS))
    _put_in_use(made, settings, folder.name)
    encoder = TrainedEncoder(settings, home, home)
    encoder.fingerprint = folder.name  # this one, also where another is put in use meanwhile
    return encoder


def _content(table: WordTable) -> str:
    digest = hashlib.sha256("\n".join([*table.vocabulary.words["word"], table.damping]).encode())
    for part in (table.table, table.average):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _in_use(made: Path, settings: "EncoderSettings") -> Path:
    """The file that names the model in use for what these settings say of training."""
    decides = {"dimension": settings.dimension, **settings.train.model_dump(mode="json")}
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    return made / f"in-use-{key}"


def _put_in_use(made: Path, settings: "EncoderSettings", name: str) -> None:
    path = _in_use(made, settings)
    beside = path.with_name(f".{path.name}")
    beside.write_text(f"{name}\n", encoding="utf-8")
    beside.replace(path)
