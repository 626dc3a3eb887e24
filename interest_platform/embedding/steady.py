"""Products whose rows do not depend on how many rows there are.

In bf16 oneDNN may cut a long sum into parts, and round each, otherwise for one number of rows than for another (on
processors with AMX it does from 1,536 columns on): a text's vector would then depend on what shares its batch. Where a
product is seen to do so, it is always asked for the same number of rows.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Product = Callable[..., "torch.Tensor"]
"""Of inputs of n rows each, (n, N)."""

PROBED = (*range(8, 136, 8), 192, 256, 320, 384, 512, 640, 768, 1024)
"""Numbers of rows that are tried: batches of a core hold 1,024 tokens at most, texts a multiple of 8."""

BLOCKS = (32, 64, 128, 256, 512)
"""Rows a block may have; the first that gives the same on one core and on all."""


def block_rows(product: Product, *widths: int) -> int | None:
    """Rows that every call of `product` must have; None where any number gives the same bits.

    Its inputs have so many columns each. Tried with random numbers, on one core and on all: what threads do to a sum,
    they would do to a vector. About 50 GFLOP for 1,536 x 384; call it while nothing else uses torch.
    """
    import torch

    dice, most = torch.Generator().manual_seed(0), max(PROBED)
    inputs = [torch.randn((most, width), generator=dice).to(torch.bfloat16) for width in widths]
    before = torch.get_num_threads()
    found: dict[int, list[torch.Tensor]] = {rows: [] for rows in PROBED}
    try:
        for threads in sorted({1, before}):
            torch.set_num_threads(threads)
            for rows in PROBED:
                found[rows].append(product(*(each[:rows] for each in inputs)))
    finally:
        torch.set_num_threads(before)
    whole = found[most][0]
    if all(torch.equal(each, whole[:rows]) for rows, of in found.items() for each in of):
        return None
    steady = (rows for rows in BLOCKS if all(torch.equal(each, found[rows][0]) for each in found[rows]))
    return next(steady, BLOCKS[-1])


def in_blocks(product: Product, rows: int | None, *inputs: "torch.Tensor") -> "torch.Tensor":
    """The product of inputs (n, K), asked for `rows` rows at a time; the last block is filled up with zeros."""
    import torch

    if rows is None:
        return product(*inputs)
    n = len(inputs[0])
    if over := -n % rows:
        inputs = tuple(torch.nn.functional.pad(each, (0, 0, 0, over)) for each in inputs)
    parts = [product(*(each[start : start + rows] for each in inputs)) for start in range(0, n, rows)]
    return torch.cat(parts)[:n]
