"""From a transformer's hidden states to one vector: which states count."""

import json
from typing import TYPE_CHECKING, Any, Literal

from interest_platform.errors import EncoderError

if TYPE_CHECKING:
    import torch

    from interest_platform.embedding.model_folder import ModelFolder

Pooling = Literal["mean", "cls", "last"]

_STATED = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
"""What sentence-transformers' `1_Pooling/config.json` calls them."""
_SUFFIXES = ("ForCausalLM", "LMHeadModel")
_DECODERS = {
    "gpt2",
    "gpt_neo",
    "gpt_neox",
    "gptj",
    "opt",
    "bloom",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "phi",
}


def resolve_pooling(wanted: str, model: "ModelFolder") -> Pooling:
    """`auto` becomes what the model's `1_Pooling/config.json` states, else last for a decoder, else mean.

    Raises `EncoderError` where the file states a pooling that there is not.
    """
    if wanted != "auto":
        return _known(wanted, model)
    if (path := model.path / "1_Pooling" / "config.json").is_file():
        return _known(_stated(json.loads(path.read_text(encoding="utf-8"))), model)
    return "last" if is_decoder(model.config) else "mean"


def is_decoder(config: dict[str, Any]) -> bool:
    """Whether a token sees only those before it, so that the last one is the only one that has seen the text."""
    heads = config.get("architectures") or []
    made_to_write = any(str(name).endswith(_SUFFIXES) for name in heads)
    return bool(config.get("is_decoder")) or made_to_write or config.get("model_type") in _DECODERS


def pool(hidden: "torch.Tensor", mask: "torch.Tensor", pooling: Pooling) -> "torch.Tensor":
    """Hidden states (n, t, d) of texts padded at the right, mask (n, t) of 0 and 1, to (n, d) float32."""
    import torch

    if pooling == "cls":
        return hidden[:, 0].float()
    if pooling == "last":
        return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(1) - 1].float()
    weight = mask.unsqueeze(-1).float()
    # hidden states under padding may be anything, also NaN: replaced, not multiplied by 0
    return hidden.float().masked_fill(weight == 0, 0.0).sum(1) / weight.sum(1)


def _stated(config: dict[str, Any]) -> str:
    """The modes that are on, joined by `+`: in the new form `pooling_mode`, in the old a flag a mode."""
    mode = config.get("pooling_mode")
    if mode is None:
        flags = [name.removeprefix("pooling_mode_") for name, on in config.items() if on is True and "_mode_" in name]
        mode = [name.removesuffix("_token").removesuffix("_tokens") for name in flags] or "mean"
    return "+".join(mode) if isinstance(mode, list) else str(mode)


def _known(name: str, model: "ModelFolder") -> Pooling:
    if name in ("mean", "cls", "last"):
        return name  # type: ignore[return-value]
    if name in _STATED:
        return _STATED[name]  # type: ignore[return-value]
    raise EncoderError(
        f"encoder.model {model.name}: 1_Pooling/config.json asks for the pooling {name!r}, which there is not; "
        "set encoder.pooling to mean, cls or last"
    )
