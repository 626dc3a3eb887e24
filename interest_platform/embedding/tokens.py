"""Texts to token ids, and token ids to batches of bounded size."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ROUND_TO = 8
"""Lengths are rounded up to a multiple: one shape an odd length costs memory for each, and padding 8 costs 2 %."""
_CHUNK = 1_024


@dataclass(frozen=True)
class Tokens:
    """The token ids of one text."""

    ids: np.ndarray
    """(t,) int32, at least one."""
    types: np.ndarray | None
    """(t,) int32 segment ids where the tokenizer gives any but 0, which is every model's default."""
    truncated: bool

    def __len__(self) -> int:
        return len(self.ids)


def tokenise(tokenizer: Any, texts: Sequence[str], limit: int) -> Iterator[Tokens]:
    """The tokens of each text, at most `limit` of them, by a transformers tokenizer (fast or slow)."""
    read = _read_fast if tokenizer.is_fast else _read_slow
    with_types = "token_type_ids" in tokenizer.model_input_names
    # a text without a token, where the tokenizer adds no marker, is one padding (or end) token
    spare = next((t for t in (tokenizer.pad_token_id, tokenizer.eos_token_id) if t is not None), 0)
    for start in range(0, len(texts), _CHUNK):
        for ids, types, truncated in read(tokenizer, list(texts[start : start + _CHUNK]), limit):
            kinds = np.asarray(types, dtype=np.int32) if with_types and any(types) else None
            yield Tokens(np.asarray(ids or [spare], dtype=np.int32), kinds, truncated)


def _read_fast(tokenizer: Any, texts: list[str], limit: int) -> Iterator[tuple[list[int], list[int], bool]]:
    # the Rust tokenizer behind it: the wrapper's own call takes half as long again
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(limit, direction=tokenizer.truncation_side)
    for encoding in backend.encode_batch_fast(texts):
        yield encoding.ids, encoding.type_ids, bool(encoding.overflowing)


def _read_slow(tokenizer: Any, texts: list[str], limit: int) -> Iterator[tuple[list[int], list[int], bool]]:
    whole = tokenizer(texts, padding=False, verbose=False)["input_ids"]
    cut = tokenizer(texts, padding=False, truncation=True, max_length=limit, verbose=False)
    types = cut.get("token_type_ids") or [[] for _ in texts]
    for full, ids, kinds in zip(whole, cut["input_ids"], types, strict=True):
        yield ids, kinds, len(full) > limit


def plan_batches(lengths: Sequence[int], batch_tokens: int, limit: int) -> list[tuple[int, int, int]]:
    """`(first, end, padded length)` of each batch over texts sorted by length, the longest batch first.

    A batch holds at most `batch_tokens` tokens with padding, and at least one text. Every text is in one batch. The
    length that a text is padded to is its own, rounded up, whatever else there is: so its vector is its own as well.
    """
    rounded = [min(-(-length // ROUND_TO) * ROUND_TO, limit) for length in lengths]
    batches, end = [], len(rounded)
    while end > 0:
        length = rounded[end - 1]
        first = max(bisect_left(rounded, length, hi=end), end - max(1, batch_tokens // length))
        batches.append((first, end, length))
        end = first
    return batches


def padded(batch: Sequence[Tokens], length: int, pad_id: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Ids, mask (1 = a token) and segment ids (where a text has them), each (n, length) int64, padded at the right."""
    ids = np.full((len(batch), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(batch), length), dtype=np.int64)
    types = np.zeros((len(batch), length), dtype=np.int64) if any(t.types is not None for t in batch) else None
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)] = tokens.ids
        mask[row, : len(tokens)] = 1
        if types is not None and tokens.types is not None:
            types[row, : len(tokens)] = tokens.types
    return ids, mask, types
