"""Token ids of the Universal Sentence Encoder multilingual, by the tokenizers library.

Its model file is SentencePiece's: a unigram model (Kudo 2018, arXiv:1804.10959) of 128,000 pieces and a normaliser.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interest_platform.embedding.charsmap import Charsmap
from interest_platform.embedding.tokens import Tokens

if TYPE_CHECKING:
    from tokenizers import Encoding

UNKNOWN, BEGIN, END = 0, 1, 2
_UNKNOWN_PIECE = "<unk>"
_SPACES = re.compile(" {2,}")
_CHUNK = 4_096


class UsemTokenizer:
    """Texts to token ids."""

    def __init__(self, file: Path) -> None:
        """Read the model file."""
        from tokenizers import Tokenizer
        from tokenizers.models import Unigram
        from tokenizers.pre_tokenizers import Metaspace

        model = file.read_bytes()
        parts = [(field, model[start:end]) for field, start, end in _fields(model)]
        pieces = [_piece(part) for field, part in parts if field == 1]
        (specification,) = [part for field, part in parts if field == 3]
        (charsmap,) = [specification[start:end] for field, start, end in _fields(specification) if field == 2]
        self.normalise = Charsmap(charsmap)
        self.backend = Tokenizer(Unigram(pieces, unk_id=UNKNOWN, byte_fallback=False))
        self.backend.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always", split=True)

    def tokenise(self, texts: Sequence[str], limit: int) -> Iterator[Tokens]:
        """The tokens of each text between its two markers, at most `limit` with them."""
        for start in range(0, len(texts), _CHUNK):
            cleaned = [_SPACES.sub(" ", self.normalise(t)).strip(" ") for t in texts[start : start + _CHUNK]]
            for encoding in self.backend.encode_batch(cleaned):
                ids = _ids(encoding)
                cut = len(ids) + 2 > limit
                marked = np.array([BEGIN, *(ids[: limit - 2] if cut else ids), END], dtype=np.int32)
                yield Tokens(marked, None, cut)


def _ids(encoding: "Encoding") -> list[int]:
    """Its ids, with an unknown one for each unknown character: the library makes one of neighbours."""
    ids = encoding.ids
    if not ids:
        return [UNKNOWN]
    if UNKNOWN not in ids:
        return ids
    # the piece itself, should a text hold it, is one token
    sizes = [
        len(t.replace(_UNKNOWN_PIECE, "?")) if i == UNKNOWN else 1 for i, t in zip(ids, encoding.tokens, strict=True)
    ]
    return list(chain.from_iterable([i] * size for i, size in zip(ids, sizes, strict=True)))


def _piece(message: bytes) -> tuple[str, float]:
    """Text and score (log-probability) of a vocabulary entry."""
    fields = {field: message[start:end] for field, start, end in _fields(message)}
    return fields[1].decode(), float(np.frombuffer(fields[2], "<f4")[0]) if 2 in fields else 0.0


def _fields(message: bytes) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field of a Protocol Buffers message (numbers below 16 only, no groups)."""
    place = 0
    while place < len(message):
        field, wire = message[place] >> 3, message[place] & 7
        start = place + 1
        if wire == 0:
            _, place = _varint(message, start)
        elif wire == 2:
            size, start = _varint(message, start)
            place = start + size
        else:
            place = start + (8 if wire == 1 else 4)
        yield field, start, place


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
