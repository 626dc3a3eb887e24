"""Where new texts lie among the segments of a window: cleaned, encoded and placed as the line does it."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.embedding import Encoded, Encoder, load_encoder
from interest_platform.embedding.workers import one_thread
from interest_platform.errors import EncoderError
from interest_platform.interests.vectors import OPPOSED
from interest_platform.segments.segment_map import SegmentMap
from interest_platform.settings import Settings
from interest_platform.text.cleaning import clean_texts

_WARM = "Loads the weights before the first request."


@dataclass(frozen=True)
class NewUser:
    """One user's texts among the segments (k) of a map.

    `best` is a place in the map's `segment_ids`, `membership` (k,) the probability of each, `cosines` (k,) those to
    their centroids. `texts` different ones counted; the encoder read `truncated` of them in part.
    """

    best: int
    membership: np.ndarray
    cosines: np.ndarray
    texts: int
    truncated: int


class Placer:
    """Encodes with the encoder of the settings; one thread at a time may warm it or place, any may clean."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._encoder: Encoder | None = None

    def warm(self, segments: SegmentMap) -> None:
        """Load the encoder's weights, unless the encoder of these segments is loaded already.

        Raises `EncoderError` where it can't be loaded, or is another than the segments' vectors are of.
        """
        encoder = self._matching(segments)
        # an endpoint has nothing to load, and is paid by the token
        if self._settings.config.encoder.kind != "api":
            _encode(encoder, [_WARM])

    def clean(self, texts: Sequence[str]) -> list[str]:
        """What the encoder is to read of one user's texts, each different one once; none where nothing is left."""
        most = self._settings.config.text.max_chars
        given = pl.Series([text.replace("\0", "")[:most] for text in texts], dtype=pl.String)
        return [text for text in dict.fromkeys(clean_texts(given)) if text]

    def place(self, segments: SegmentMap, cleaned: Sequence[str]) -> NewUser:
        """Place one user's clean texts, one at least, each as much as another.

        As in the line, where texts cancel out the last one stands for them. Raises `EncoderError` as `warm` does.
        """
        encoded = _encode(self._matching(segments), cleaned)
        direction = _direction(encoded.vectors)
        placed = segments.place(direction[None, :])
        return NewUser(
            best=int(placed.best[0]),
            membership=placed.membership[0],
            cosines=segments.centroids @ direction,
            texts=len(cleaned),
            truncated=int(encoded.truncated.sum()),
        )

    def _matching(self, segments: SegmentMap) -> Encoder:
        if self._encoder is None or self._encoder.fingerprint != segments.encoder:
            # looked for again, since an encoder that was trained anew has other files under the same settings
            settings = self._settings
            self._encoder = load_encoder(settings.config.encoder, settings.config_path.parent, settings.home)
        if self._encoder.fingerprint != segments.encoder:
            raise EncoderError(
                f"the segments of {segments.window} are of the encoder {segments.encoder}, the settings name "
                f"{self._encoder.fingerprint}: run the newest window with these settings and publish it"
            )
        return self._encoder


def _encode(encoder: Encoder, cleaned: Sequence[str]) -> Encoded:
    # a request holds few tokens: more threads save little, and wait for each other by spinning where the other cores
    # are busy (11 ms became 118 at the median on two cores with a load of 13)
    with one_thread() if "torch" in sys.modules else nullcontext():
        return encoder.encode(cleaned)


def _direction(vectors: np.ndarray) -> np.ndarray:
    """The unit mean of unit vectors (n, d): (d,) float32; the last one where they cancel out."""
    total = vectors.astype(np.float64).sum(axis=0)
    length = np.linalg.norm(total)
    return (total / length).astype(np.float32) if length > OPPOSED * len(vectors) else vectors[-1]
