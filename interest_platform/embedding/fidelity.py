"""How much of a model's answer the short number format keeps."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interest_platform.embedding.encoder import load_encoder

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings


def fidelity(texts: Sequence[str], settings: "EncoderSettings", folder: Path) -> float:
    """Mean cosine, over the texts, of the model's vectors in bf16 and in fp32 (1 = the same)."""
    short, full = (
        load_encoder(settings.model_copy(update={"precision": precision}), folder).encode(texts).vectors
        for precision in ("bf16", "fp32")
    )
    return float(np.einsum("nd,nd->n", short.astype(np.float64), full.astype(np.float64)).mean())
