"""Rows in blocks of a fixed cut, worked on by all cores: what comes out does not depend on how many cores there are."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

BLOCK = 2_048
"""Rows a block: what is computed of them stays in the cache, and Python's own time is small beside it."""

AHEAD = 2
"""Parts in hand for each core: results wait for their turn, and take memory."""

Part = TypeVar("Part")
Result = TypeVar("Result")

_LOCAL = threading.local()


def over_blocks(rows: int, work: Callable[[slice], Result], size: int = BLOCK) -> Iterator[Result]:
    """What `work` gives for each block of `size` rows, in their order. It may write to no rows but its own."""
    return side_by_side(work, [slice(start, min(start + size, rows)) for start in range(0, rows, size)])


def side_by_side(work: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
    """What `work` gives for each part, in their order.

    Parts run side by side in threads (numpy lets go of the interpreter in all that takes time). The caller keeps BLAS
    to one thread: two layers of threads wait for each other.
    """
    cores = min(_cores(), len(parts))
    if cores <= 1:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(cores) as pool:
        waiting: deque[Future[Result]] = deque()
        for part in parts:
            if len(waiting) == AHEAD * cores:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, part))
        while waiting:
            yield waiting.popleft().result()


def taken(vectors: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
    """`vectors[rows]` of a block at most; rows named by number are copied to memory that this thread's next call uses.

    New memory for each block would cost several times the copy: the system hands it out page by page.
    """
    if isinstance(rows, slice):
        return vectors[rows]
    return np.take(vectors, rows, axis=0, out=_kept(vectors.dtype, len(rows), vectors.shape[1]), mode="clip")


def doubled(vectors: np.ndarray) -> np.ndarray:
    """A block's vectors in float64, in memory that this thread's next call uses."""
    out = _kept(np.dtype(np.float64), *vectors.shape)
    np.copyto(out, vectors)
    return out


def _kept(kind: np.dtype, rows: int, columns: int) -> np.ndarray:
    """Memory of this thread, (rows, columns)."""
    memory = _LOCAL.__dict__.setdefault(kind.char, np.empty(0, kind))
    if memory.size < rows * columns:
        memory = _LOCAL.__dict__[kind.char] = np.empty(max(rows, min(BLOCK, 2 * rows)) * columns, kind)
    return memory[: rows * columns].reshape(rows, columns)


def _cores() -> int:
    """Cores this process may use: a container or `taskset` may leave it fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
