"""What a `/v1/embeddings` answer holds: which texts it gives a vector for, and how many tokens were read."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np

SHORTEST = 1e-12
"""A vector shorter than that has no direction."""


def vectors_of(answer: Mapping[str, Any], texts: int) -> dict[int, np.ndarray]:
    """Unit vectors, float32, by the position of their text; positions without a usable vector lack.

    `data` may come in any order: `index` says which text is meant, or the place in the list where no item has one. An
    item counts for nothing where its index is none of the request's or its vector is not finite or has no length.
    """
    data = answer.get("data")
    items = [item for item in data if isinstance(item, Mapping)] if isinstance(data, list) else []
    numbered = any("index" in item for item in items)
    found: dict[int, np.ndarray] = {}
    for place, item in enumerate(items):
        index = item.get("index") if numbered else place
        vector = _unit(item.get("embedding"))
        if isinstance(index, int) and 0 <= index < texts and vector is not None:
            found[index] = vector
    return found


def tokens_of(answer: Mapping[str, Any]) -> int | None:
    """Tokens the server says it has read (`usage`), None where it does not say."""
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return None
    told = usage.get("prompt_tokens", usage.get("total_tokens"))
    return told if isinstance(told, int) and told > 0 else None


def _unit(embedding: object) -> np.ndarray | None:
    """The vector of an item, given as a list of numbers or as base64 of little-endian float32."""
    try:
        if isinstance(embedding, str):
            vector = np.frombuffer(base64.b64decode(embedding, validate=True), "<f4").astype(np.float64)
        else:
            vector = np.asarray(embedding, dtype=np.float64)
    except (ValueError, TypeError, binascii.Error):
        return None
    if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
        return None
    length = float(np.linalg.norm(vector))
    return (vector / length).astype(np.float32) if SHORTEST < length < float("inf") else None
