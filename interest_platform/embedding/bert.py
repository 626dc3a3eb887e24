"""The forward pass of BERT-like encoders on a CPU with fewer and fused operators.

Same arithmetic as transformers' own (a test compares them): query, key and value in one product, bias, GELU and the
residual inside oneDNN's product, attention as two batched products around a softmax. On two Zen 4 cores that is
1.1 times transformers with its scaled-dot-product kernel; benchmarks/encoding.py prints both.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from interest_platform.embedding.int8 import Int8Linear
from interest_platform.embedding.steady import block_rows, in_blocks

if TYPE_CHECKING:
    import torch

_TYPES = {"bert", "roberta", "xlm-roberta", "camembert"}
_LONGEST = 512
"""Scores are held whole, t x t a head: beyond this transformers' own kernel, which never does, is the better one."""


def fits(model: Any, limit: int) -> bool:
    """Whether the model, for texts of at most `limit` tokens, is of the kind that this is made for."""
    config = model.config
    return bool(
        config.model_type in _TYPES
        and config.hidden_act == "gelu"
        and not config.is_decoder
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and limit <= _LONGEST
    )


def fused_forward(model: Any) -> "Callable[..., torch.Tensor] | None":
    """A faster `model(ids, mask, types)` on the CPU of one that fits, or `None` where torch lacks the operators."""
    import torch

    return FusedBert(model) if _has_kernels(torch, model.dtype) else None


def _has_kernels(torch: Any, dtype: "torch.dtype") -> bool:
    ops = torch.ops.mkldnn
    named = all(hasattr(ops, name) for name in ("_linear_pointwise", "_reorder_linear_weight"))
    if not (torch.backends.mkldnn.is_available() and named):
        return False
    return dtype == torch.float32 or ops._is_mkldnn_bf16_supported()


@dataclass(frozen=True)
class _Linear:
    """A product with its bias, the weight laid out once as oneDNN wants it."""

    weight: "torch.Tensor"
    bias: "torch.Tensor"
    rows: int | None = None
    """Rows that it is asked for at a time, see `steady`."""

    @classmethod
    def of(cls, *parts: Any) -> "_Linear":
        """Several linear layers over the same input as one."""
        import torch

        with torch.no_grad():
            weight = torch.cat([p.weight for p in parts])
            return cls(torch.ops.mkldnn._reorder_linear_weight(weight, None), torch.cat([p.bias for p in parts]))

    def __call__(self, x: "torch.Tensor", then: str = "none") -> "torch.Tensor":
        import torch

        def product(x: "torch.Tensor") -> "torch.Tensor":
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, then, [], "none")

        return in_blocks(product, self.rows, x)

    def plus(self, x: "torch.Tensor", residual: "torch.Tensor") -> "torch.Tensor":
        import torch

        def product(x: "torch.Tensor", residual: "torch.Tensor") -> "torch.Tensor":
            return torch.ops.mkldnn._linear_pointwise.binary(x, residual, self.weight, self.bias, "add")

        return in_blocks(product, self.rows, x, residual)


class _Layer:
    """One block: attention and feed-forward, each with its residual and layer norm."""

    def __init__(self, layer: Any, linear: "type[_Linear] | type[Int8Linear]") -> None:
        attention = layer.attention
        own = attention.self
        self.heads = own.num_attention_heads
        self.qkv = linear.of(own.query, own.key, own.value)
        self.out, self.out_norm = linear.of(attention.output.dense), attention.output.LayerNorm
        self.up, self.down = linear.of(layer.intermediate.dense), linear.of(layer.output.dense)
        self.norm = layer.output.LayerNorm

    def __call__(self, x: "torch.Tensor", mask: "torch.Tensor | None", shape: "torch.Size") -> "torch.Tensor":
        x = self.out_norm(self.out.plus(attend(self.qkv(x), mask, shape, self.heads), x))
        return self.norm(self.down.plus(self.up(x, then="gelu"), x))


def attend(qkv: "torch.Tensor", mask: "torch.Tensor | None", shape: "torch.Size", heads: int) -> "torch.Tensor":
    """Queries, keys and values (n * t, 3 * d) of texts of `shape` (n, t) to what each token takes of the others."""
    import torch

    n, t = shape
    by_head = qkv.view(n, t, 3, heads, -1).permute(2, 0, 3, 1, 4)
    q, k, v = by_head.reshape(3, n * heads, t, -1).unbind()
    scores = torch.bmm(q.mul_(1 / math.sqrt(q.shape[-1])), k.transpose(1, 2))
    if mask is not None:
        scores.view(n, heads, t, t).add_(mask)
    mixed = torch.bmm(torch.softmax(scores, -1, out=scores), v)
    return mixed.view(n, heads, t, -1).transpose(1, 2).reshape(n * t, -1)


def hidden_states(
    embeddings: Any,
    layers: "Sequence[Callable[..., torch.Tensor]]",
    ids: "torch.Tensor",
    mask: "torch.Tensor",
    types: "torch.Tensor | None",
    dtype: "torch.dtype",
) -> "torch.Tensor":
    """Through the layers, whose attention is in `dtype`: (n, t) to (n, t, d)."""
    x = embeddings(input_ids=ids, token_type_ids=types).flatten(0, 1)
    added = None
    if not bool(mask.all()):
        added = x.new_zeros(mask.shape, dtype=dtype).masked_fill_(mask == 0, float("-inf"))[:, None, None, :]
    for layer in layers:
        x = layer(x, added, ids.shape)
    return x.view(*ids.shape, -1)


def _steady(layers: "Sequence[_Layer]", hidden: int, inner: int) -> None:
    """Have every product asked for as many rows at a time as leave a row's result to itself; layers are alike."""
    first = layers[0]
    rows = {
        "qkv": block_rows(first.qkv, hidden),
        "out": block_rows(first.out.plus, hidden, hidden),
        "up": block_rows(partial(first.up, then="gelu"), hidden),
        "down": block_rows(first.down.plus, inner, hidden),
    }
    for layer in layers:
        for name, block in rows.items():
            setattr(layer, name, replace(getattr(layer, name), rows=block))


class FusedBert:
    """Ids, mask and segment ids (n, t) to the last hidden state (n, t, d)."""

    def __init__(self, model: Any, linear: "type[_Linear] | type[Int8Linear]" = _Linear) -> None:
        import torch

        self.embeddings = model.embeddings
        self.layers = [_Layer(layer, linear) for layer in model.encoder.layer]
        if linear is _Linear and model.dtype == torch.bfloat16:
            _steady(self.layers, model.config.hidden_size, model.config.intermediate_size)

    def __call__(
        self, ids: "torch.Tensor", mask: "torch.Tensor", types: "torch.Tensor | None" = None
    ) -> "torch.Tensor":
        """As the model's own `last_hidden_state`; call it in `torch.inference_mode`."""
        return hidden_states(
            self.embeddings, self.layers, ids, mask, types, self.embeddings.word_embeddings.weight.dtype
        )
