"""The lines of text files, plain, gzip or Zstandard, told apart by their first bytes."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from interest_platform.errors import SourceError

MAX_LINE = 64 * 2**20
"""Bytes of the longest line that is read: what stands between a file of garbage and the machine's memory."""

_GZIP, _ZSTD, _BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line with its end, whether it is UTF-8 (else the bad bytes are U+FFFD), and its length in bytes."""

    text: str
    is_utf8: bool
    size: int


def open_binary(path: str) -> BinaryIO:
    """The file's content, decompressed."""
    file = Path(path).open("rb")  # noqa: SIM115 - whoever reads what is returned closes it
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(_GZIP):
        return cast(BinaryIO, gzip.open(file))
    if magic == _ZSTD:
        import zstandard

        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=True)
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, reader), 2**18))
    return file


def read_lines(path: str) -> Iterator[Line]:
    """The file's lines in order. Raises `SourceError` where the compression is broken or a line is too long."""
    try:
        with open_binary(path) as file:
            for raw in iter(lambda: file.readline(MAX_LINE), b""):
                if len(raw) == MAX_LINE:
                    raise SourceError(f"a line is longer than {MAX_LINE // 2**20} MiB")
                yield _line(raw)
    except SourceError:
        raise
    except Exception as error:  # each of the decompressors has its own
        raise SourceError(f"can't be read: {error or type(error).__name__}") from error


def _line(raw: bytes) -> Line:
    if raw.startswith(_BOM):
        raw = raw[len(_BOM) :]
    try:
        return Line(raw.decode(), True, len(raw))
    except UnicodeDecodeError:
        return Line(raw.decode(errors="replace"), False, len(raw))
