"""The normaliser inside a SentencePiece model: its table of replacements, applied to whole texts.

The table (`precompiled_charsmap`) is a double-array trie (darts-clone) over UTF-8 bytes and the replacements behind it.
The longest key at a place is replaced, as in SentencePiece's `Normalizer::NormalizePrefix`; the tokenizers library
takes whole graphemes instead, which gives other ids for some combining marks.
"""

import re
import struct
import sys
import unicodedata
from array import array
from functools import cache


class Charsmap:
    """Calls replace; what a character or a run becomes is looked up in the trie once."""

    def __init__(self, blob: bytes) -> None:
        """`blob` is the field as it stands in the model."""
        (size,) = struct.unpack_from("<I", blob)
        self._units = array("I", blob[4 : 4 + size])
        if sys.byteorder == "big":
            self._units.byteswap()
        self._replacements = blob[4 + size :]
        self._characters = _Characters(self)
        self._runs: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The text with every longest key replaced."""
        marks, runs = _patterns()
        if text.isascii() or not marks.search(text):
            return text.translate(self._characters)
        parts = runs.split(text)
        parts[::2] = [part.translate(self._characters) for part in parts[::2]]
        parts[1::2] = [self.replaced(run) for run in parts[1::2]]
        return "".join(parts)

    def replaced(self, run: str) -> str:
        """A character or a few, by the trie."""
        if (known := self._runs.get(run)) is None:
            data, place, found = run.encode(), 0, bytearray()
            while place < len(data):
                replacement, length = self._longest(data, place)
                found += replacement
                place += length
            known = self._runs[run] = found.decode()
        return known

    def _longest(self, data: bytes, start: int) -> tuple[bytes, int]:
        """What the longest key at `start` becomes, and how many bytes it is; one byte as it is where there is none."""
        units, node = self._units, _offset(self._units[0])
        found, length = data[start : start + 1], 1
        for place in range(start, len(data)):
            node ^= data[place]
            unit = units[node]
            if unit & 0x8000_00FF != data[place]:
                break
            node ^= _offset(unit)
            if unit & 0x100:  # a key ends here; its value is the place of the replacement
                value = units[node] & 0x7FFF_FFFF
                found = self._replacements[value : self._replacements.index(b"\0", value)]
                length = place + 1 - start
        return found, length


class _Characters(dict[int, str]):
    """What each character alone becomes, for `str.translate`."""

    def __init__(self, charsmap: Charsmap) -> None:
        super().__init__()
        self._charsmap = charsmap

    def __missing__(self, code: int) -> str:
        self[code] = found = self._charsmap.replaced(chr(code))
        return found


def _offset(unit: int) -> int:
    return (unit >> 10) << ((unit & 0x200) >> 6)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Characters that may be one key with those before them, and a character followed by such.

    They are the marks, and Hangul and half-width kana written in parts.
    """
    marks = "".join(c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.category(c)[0] == "M")
    joining = f"[{marks}\u1100-\u11ff\u3131-\u3163\uff9e-\uffdc]"
    return re.compile(joining), re.compile(f"(.{joining}+)", re.DOTALL)
