"""A transformer in memory: loaded from safetensors only, run on padded batches of token ids."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from interest_platform.embedding import int8_bert
from interest_platform.embedding.bert import FusedBert, fits, fused_forward
from interest_platform.embedding.hardware import Device, Precision, native_bf16
from interest_platform.embedding.int8 import Int8Linear, with_int8_linears
from interest_platform.embedding.model_folder import ModelFolder
from interest_platform.embedding.pooling import Pooling, pool
from interest_platform.embedding.tokens import tokenise
from interest_platform.errors import EncoderError

if TYPE_CHECKING:
    import torch

Forward = Callable[["torch.Tensor", "torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]
"""Ids, mask and segment ids (n, t) to the last hidden state (n, t, d)."""


@dataclass(frozen=True)
class Network:
    """Tokenizer and model of a folder."""

    tokenizer: Any
    forward: Forward
    device: Device
    pooling: Pooling = "mean"

    def pooled(self, ids: np.ndarray, mask: np.ndarray, types: np.ndarray | None) -> np.ndarray:
        """Each text's hidden states pooled in fp32, scaled to unit length: (n, t) to (n, d) float32.

        A text whose hidden states are not finite, or whose pooled state is zero, gets NaN.
        """
        import torch

        with torch.inference_mode():
            found = self.states(ids, mask, types)
            return (found / torch.linalg.vector_norm(found, dim=1, keepdim=True)).cpu().numpy()

    def states(self, ids: np.ndarray, mask: np.ndarray, types: np.ndarray | None) -> "torch.Tensor":
        """As `pooled`, but as long as they are."""
        import torch

        def on_device(array: np.ndarray) -> "torch.Tensor":
            return torch.from_numpy(array).to(self.device)

        with torch.inference_mode():
            present = on_device(mask)
            hidden = self.forward(on_device(ids), present, None if types is None else on_device(types))
            return pool(hidden, present, self.pooling)


def load_network(
    folder: ModelFolder, precision: Precision, device: Device, limit: int, pooling: Pooling = "mean"
) -> Network:
    """Load tokenizer and weights for texts of at most `limit` tokens. Raises `EncoderError` as `load_model` does."""
    from transformers import AutoTokenizer

    tokenizer = _load(folder, AutoTokenizer)
    model = load_model(folder, precision).to(device)
    fused = _fused(model, tokenizer, precision, limit) if device == "cpu" else None
    if precision == "int8" and fused is None:
        model = with_int8_linears(model)
    return Network(tokenizer, fused or any_forward(model), device, pooling)


def _fused(model: Any, tokenizer: Any, precision: Precision, limit: int) -> Forward | None:
    """The faster forward pass, where there is one for this model and processor."""
    if not fits(model, limit):
        return None
    if precision != "int8":
        return fused_forward(model)
    if not int8_bert.has_kernels():
        return FusedBert(model, Int8Linear)
    texts = [tokens.ids for tokens in tokenise(tokenizer, int8_bert.CALIBRATION, limit)]
    return int8_bert.CalibratedBert(model, texts, native_bf16())


def load_model(folder: ModelFolder, precision: str) -> Any:
    """The folder's model, of an encoder-decoder its encoder; no code of the folder runs and nothing is fetched.

    Raises `EncoderError` where transformers can't load it, or weights that its configuration asks for are missing.
    """
    import torch
    from transformers import AutoModel

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    model, info = _load(folder, AutoModel, dtype=dtype, use_safetensors=True, output_loading_info=True)
    _require_complete(folder, info["missing_keys"])
    model.config.use_cache = False  # a decoder would keep keys and values for a next token that never comes
    return (model.get_encoder() if model.config.is_encoder_decoder else model).eval()


def _load(folder: ModelFolder, kind: Any, **options: object) -> Any:
    try:
        with _quiet():
            return kind.from_pretrained(str(folder.path), local_files_only=True, trust_remote_code=False, **options)
    # a broken folder surfaces as anything from a KeyError to a SafetensorError
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise EncoderError(
            f"encoder.model {folder.name}: transformers can't load {folder.path}: {type(error).__name__}: {reason}"
        ) from error


def any_forward(model: Any) -> Forward:
    """The forward pass of any `AutoModel`."""

    def forward(ids: "torch.Tensor", mask: "torch.Tensor", types: "torch.Tensor | None") -> "torch.Tensor":
        more = {} if types is None else {"token_type_ids": types}
        return model(input_ids=ids, attention_mask=mask, **more).last_hidden_state

    return forward


def _require_complete(folder: ModelFolder, missing: "set[str]") -> None:
    # transformers fills in random numbers for these; a pooling head does not matter, since it is not used here
    wanted = sorted(key for key in missing if "pooler" not in key)
    if wanted:
        raise EncoderError(
            f"encoder.model {folder.name}: {folder.path} lacks weights that its config.json asks for "
            f"({len(wanted)}, such as {wanted[0]}): the files don't belong together"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing a bar and from warning of the unused pooling head while a model loads."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
