"""Texts to requests of bounded size, and a request's tokens to its texts."""

from collections.abc import Sequence

import numpy as np

BYTES_A_TOKEN = 4
"""Of English text; used where a server does not say how many tokens it has read, and to keep below its limits."""


def estimated_tokens(text: str) -> int:
    """A quarter of the text's UTF-8 bytes, at least 1."""
    return max(1, -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN))


def batches(texts: Sequence[str], most_texts: int, most_tokens: int) -> list[list[int]]:
    """Positions of the texts, in order, cut into requests of at most so many texts and estimated tokens.

    A text that is longer alone is a request of its own. Every position is in one request.
    """
    plan: list[list[int]] = []
    tokens = 0
    for place, text in enumerate(texts):
        size = estimated_tokens(text)
        if not plan or len(plan[-1]) == most_texts or tokens + size > most_tokens:
            plan.append([])
            tokens = 0
        plan[-1].append(place)
        tokens += size
    return plan


def shared_out(total: int, texts: Sequence[str]) -> list[int]:
    """A request's tokens as whole numbers a text, in proportion to their bytes; they add up to the total.

    Each text has at least 1 where there are enough. Largest remainders (Hamilton); ties go to the earlier text.
    Servers tell the tokens of a request, not of a text.
    """
    least = int(total >= len(texts))
    left = total - least * len(texts)
    sizes = np.array([max(1, len(text.encode("utf-8", "surrogatepass"))) for text in texts], dtype=np.float64)
    exact = left * sizes / sizes.sum()
    whole = np.floor(exact).astype(int)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: left - int(whole.sum())]] += 1
    return (whole + least).tolist()
