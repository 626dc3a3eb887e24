"""What an encoder is, and how the one that the settings name is found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings


@dataclass(frozen=True)
class Encoded:
    """The vectors of n texts, in the order of the texts."""

    vectors: np.ndarray
    """(n, d) float32; every row is finite and of unit length."""
    n_tokens: np.ndarray
    """(n,) int32: tokens the model read of each text, its own markers (such as [CLS]) included."""
    truncated: np.ndarray
    """(n,) bool: whether the text had more tokens than the model was given."""


class Encoder(Protocol):
    """Turns texts into vectors; two encoders of one fingerprint give comparable vectors."""

    @property
    def fingerprint(self) -> str:
        """Names everything that decides the vectors: the kind, `-` and 16 hexadecimal digits."""

    @property
    def dimension(self) -> int:
        """Length d of a vector."""

    @property
    def description(self) -> Mapping[str, str | int | float]:
        """Model, revision, precision, pooling, max_tokens, device: for MLflow's parameters and asset metadata."""

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Encoded:
        """Encode the texts; `progress` is called with the number of texts done since its last call.

        A text's vector does not depend on the order of the texts, and equal texts get equal vectors. Nor does it
        depend on what else is encoded, but for rounding: on one machine it moves by less than 1e-5 of its length, of a
        BERT-like transformer, in each precision, by less than 1e-6 (`tests/laws/test_encoder_laws.py`).
        Raises `EncoderError` where the model can't be loaded or gives a vector that is not finite.
        """


ENCODERS: dict[str, str] = {
    "transformer": "interest_platform.embedding.transformer:TransformerEncoder",
    "multilingual": "interest_platform.embedding.multilingual:MultilingualEncoder",
    "static": "interest_platform.embedding.static:StaticEncoder",
    "tfidf": "interest_platform.embedding.trained:TrainedEncoder",
    "word2vec": "interest_platform.embedding.trained:TrainedEncoder",
    "api": "interest_platform.embedding.api:ApiEncoder",
}
"""`encoder.kind` to `module:class`; the class is made from settings, the folder of interest.yaml and the home."""


def load_encoder(settings: "EncoderSettings", folder: Path, home: Path | None = None) -> Encoder:
    """The encoder that the settings name; relative model folders start at `folder`.

    `home` is where encoders keep what they make (a distilled or a trained model); one that needs a home raises
    `EncoderError` without it. Reads and hashes the model's files, so that fingerprint and dimension are known, but
    loads no weights: that happens at the first text to encode. Raises `EncoderError` where the model is not there or
    not fit to be loaded.
    """
    module, name = ENCODERS[settings.kind].split(":")
    return getattr(import_module(module), name)(settings, folder, home)
