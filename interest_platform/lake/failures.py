"""What DuckDB and the operating system say, told as one line."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from interest_platform.errors import LakeError

# how a full disk is worded by DuckDB's files, by SQLite (in its log: only as an I/O error) and by a file-size limit
_FULL = ("no space left", "disk is full", "disk full", "disk i/o error", "file too large", "disk quota")


def one_line(error: BaseException) -> str:
    """The message without DuckDB's quotation of the statement, on one line."""
    return " ".join(str(error).split("LINE 1:")[0].split())


def is_full(error: BaseException) -> bool:
    """Whether the error says that the disk, or the quota, is full or can't be written."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return any(words in str(error).lower() for words in _FULL)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn a failure of DuckDB or of the file system inside the block into a `LakeError` that begins with `what`."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if is_full(error):
            advice = "the disk is full or can't be written; free some space and run again"
            raise LakeError(f"{what}: {advice} ({one_line(error)})") from error
        raise LakeError(f"{what}: {one_line(error)}") from error
