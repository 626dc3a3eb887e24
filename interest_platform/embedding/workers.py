"""Batches on all cores: a thread and a batch a core, which beats all cores on one batch (no waiting on each other)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

CACHE_TOKENS = 1_024
"""Tokens of a batch on one core: its activations stay in the core's cache (measured: 512 to 1024 is the best)."""

# the number of threads of a product is a setting of the process, so only one encoding changes it at a time
_threads_lock = threading.Lock()

Batch = TypeVar("Batch")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plan:
    """How many batches run at once, and how many tokens each may hold."""

    workers: int
    batch_tokens: int


def plan(batch_tokens: int, device: str, most: int = CACHE_TOKENS) -> Plan:
    """Share `batch_tokens`, the bound on all batches in memory at once, among the cores torch may use.

    A core's batch has `most` tokens at most.
    """
    if device != "cpu":
        return Plan(1, batch_tokens)
    import torch

    cores = torch.get_num_threads()
    return Plan(cores, min(most, max(64, batch_tokens // cores)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Products on one core, as a core's batch has it; torch's number of threads is restored at the end."""
    import torch

    with _threads_lock:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def run(work: Callable[[Batch], Result], batches: Sequence[Batch], at_once: Plan) -> Iterator[Result]:
    """The results in the order of the batches. Torch's number of threads is restored at the end.

    With fewer batches than workers each batch gets several cores.
    """
    workers = min(at_once.workers, len(batches))
    if workers <= 1:
        yield from map(work, batches)
        return
    import torch

    with _threads_lock:
        before = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(before // workers,)) as pool:
                yield from pool.map(work, batches)
        finally:
            torch.set_num_threads(before)
