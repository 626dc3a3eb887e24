"""BERT-like encoders in 8-bit integers: scales set once on a few texts, so that a vector depends on its text alone.

The product is oneDNN's, by the operator that torch's own compiled quantisation ends in
(`onednn.qlinear_pointwise`): unsigned inputs, signed weights with a scale an output channel, float32 sums. What a
single scale would lose is kept by three means:

- each input channel has its own step and middle, folded into the weights and the bias (SmoothQuant, Xiao et al. 2023);
- the channels of the feed-forward layer that reach far beyond the others are left in float32 (LLM.int8, Dettmers et
  al. 2022);
- residuals, layer norms and embeddings are in float32, attention in bf16 where the processor has it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from interest_platform.embedding.bert import FusedBert, attend, hidden_states

if TYPE_CHECKING:
    import torch

CALIBRATION = (
    "Hi all, has anyone managed to build the package on the new release? I get an undefined reference at link time.",
    "Thanks!",
    "On Tuesday at 14:30 we will take the server down for maintenance; please save your work and log out before.",
    "I bought two of these in 2019 for $24.99 each. One still works; the other stopped charging after a month and the "
    "seller never answered. Would not buy again, although the sound is better than I expected at that price.",
    "The study followed 1,204 patients over five years and found no difference between the groups (p = 0.41).",
    "def main(args): return [x ** 2 for x in range(int(args[0]))]  # raises IndexError when args is empty",
    "My daughter loves this book! We read it every night before bed, and she knows all the pages by heart.",
    "Which is the better way to invest a small sum, an index fund or paying back the loan early?",
    "Parliament voted late on Thursday to delay the reform until after the election, 312 to 290.",
    "El restaurante estaba lleno, pero la comida llegó caliente y el servicio fue muy amable.",
    "Ich suche eine gebrauchte Kamera mit gutem Objektiv, am liebsten aus der Nähe von Köln.",
    "Quelqu'un connaît-il un bon dentiste près de la gare ?",
    "酒店离地铁站很近，房间干净，早餐一般。",
    "WARNING!!! http://example.org/~user/index.html?id=42&x=%20 >>> CLICK HERE <<<",
)
"""What scales are set on: short and long, of several languages, code and addresses; others than fidelity is told on."""
OUTLIERS = 8
"""Channels of the feed-forward layer that stay in float32; in MiniLM one or two reach five times as far as the rest."""
_MARGIN = 1.1
_MIDDLE, _LARGEST = 128, 127
_LEAST_GELU = -0.17


def has_kernels() -> bool:
    """Whether torch has the products: on x86, with oneDNN."""
    import platform

    import torch

    ops = torch.ops.onednn
    known = torch.backends.mkldnn.is_available() and hasattr(ops, "qlinear_pointwise")
    return known and platform.machine().lower() in ("x86_64", "amd64")


class Watched:
    """A linear layer, and the least and the largest value that each of its inputs had."""

    def __init__(self, linear: Any) -> None:
        self.linear = linear
        self.least: torch.Tensor | None = None
        self.most: torch.Tensor | None = None

    def __call__(self, x: "torch.Tensor", then: str = "none") -> "torch.Tensor":
        """As the layer."""
        return self.linear(self._seen(x), then)

    def plus(self, x: "torch.Tensor", residual: "torch.Tensor") -> "torch.Tensor":
        """As the layer."""
        return self.linear.plus(self._seen(x), residual)

    def _seen(self, x: "torch.Tensor") -> "torch.Tensor":
        least, most = x.amin(0), x.amax(0)
        self.least = least if self.least is None else self.least.minimum(least)
        self.most = most if self.most is None else self.most.maximum(most)
        return x


@dataclass(frozen=True)
class Product:
    """Bytes (n, in) times weights: to float32 (n, out), scaled, with a bias."""

    weight: "torch.Tensor"
    scale: "torch.Tensor"
    bias: "torch.Tensor"

    @classmethod
    def of(cls, weight: "torch.Tensor", bias: "torch.Tensor", zero: int, step: float = 1.0) -> "Product":
        """Of inputs `step * (byte - zero)`: weight (out, in), bias (out,)."""
        import torch

        scale = (weight.abs().amax(1) / _LARGEST).clamp_min(1e-12)
        rounded = (weight / scale[:, None]).round()
        # the zero is subtracted here once, not by the kernel at every product
        bias = bias - rounded.sum(1) * scale * (zero * step)
        return cls(torch.ops.onednn.qlinear_prepack(rounded.to(torch.int8), None), scale * step, bias)

    def __call__(
        self, x: "torch.Tensor", dtype: "torch.dtype", then: str = "none", step: float = 1.0, zero: int = 0
    ) -> "torch.Tensor":
        """In that format; as bytes, `step * (byte - zero)` is the value."""
        import torch

        how = "none" if then == "gelu" else ""
        return torch.ops.onednn.qlinear_pointwise(
            x, 1.0, 0, self.weight, self.scale, _no_zeros(self.scale), self.bias, step, zero, dtype, then, [], how
        )

    def onto(self, x: "torch.Tensor", residual: "torch.Tensor") -> "torch.Tensor":
        """The product added to `residual`, in its place."""
        import torch

        zeros, dtype = _no_zeros(self.scale), torch.float32
        return torch.ops.onednn.qlinear_pointwise.binary(
            x,
            1.0,
            0,
            self.weight,
            self.scale,
            zeros,
            residual,
            self.bias,
            1.0,
            0,
            dtype,
            1.0,
            0,
            "sum",
            1.0,
            "none",
            [],
            "",
        )


def _no_zeros(scale: "torch.Tensor") -> "torch.Tensor":
    import torch

    return torch.zeros(len(scale), dtype=torch.int64)


class Calibrated:
    """A linear layer whose inputs become bytes by a step and a middle a channel."""

    def __init__(self, watched: Watched, *parts: Any) -> None:
        import torch

        weight = torch.cat([p.weight for p in parts]).float()
        bias = torch.cat([p.bias for p in parts]).float()
        assert watched.least is not None and watched.most is not None
        middle = (watched.most + watched.least) / 2
        reach = ((watched.most - watched.least) / 2 * _MARGIN).clamp_min(1e-5)
        # half of what channels differ by goes to the weights
        step = (reach / weight.abs().amax(0).clamp_min(1e-5)).sqrt()
        step = step * (reach / step).max() / _LARGEST
        self._per_step, self._offset = 1 / step, _MIDDLE + 0.5 - middle / step
        self.product = Product.of(weight * step, bias + weight @ middle, _MIDDLE)

    def bytes(self, x: "torch.Tensor") -> "torch.Tensor":
        """(n, in) float to (n, in) uint8, what is out of range at its end."""
        import torch

        return torch.addcmul(self._offset, x, self._per_step).clamp_(0, 255).to(torch.uint8)


class FeedForward:
    """Two products with GELU between them, which leaves bytes; the outliers' channels beside it in float32."""

    def __init__(self, layer: Any, up: Watched, down: Watched) -> None:
        first, second = layer.intermediate.dense, layer.output.dense
        assert down.most is not None
        far = down.most.topk(min(OUTLIERS, len(down.most) // 2)).indices
        self._up = Calibrated(up, first)
        self._far_up, self._far_bias = first.weight[far].t().contiguous(), first.bias[far].clone()
        self._far_down = second.weight[:, far].t().contiguous()
        most = float(down.most.index_fill(0, far, 0).max()) * _MARGIN
        self._step = max(most - _LEAST_GELU, 1e-3) / 255
        self._zero = round(-_LEAST_GELU / self._step)
        near = second.weight.float().index_fill(1, far, 0)
        self._down = Product.of(near, second.bias.float(), self._zero, self._step)

    def __call__(self, x: "torch.Tensor") -> "torch.Tensor":
        """With the residual: (n, d) to (n, d) float32."""
        import torch

        far = torch.nn.functional.gelu(torch.addmm(self._far_bias, x, self._far_up))
        between = self._up.product(self._up.bytes(x), torch.uint8, "gelu", self._step, self._zero)
        return self._down.onto(between, torch.addmm(x, far, self._far_down))


class _Layer:
    """One block, as `bert._Layer`."""

    def __init__(self, layer: Any, watched: Any, dtype: "torch.dtype") -> None:
        attention = layer.attention
        own = attention.self
        self.heads, self.dtype = own.num_attention_heads, dtype
        self.qkv = Calibrated(watched.qkv, own.query, own.key, own.value)
        self.out, self.out_norm = Calibrated(watched.out, attention.output.dense), attention.output.LayerNorm
        self.feed_forward, self.norm = FeedForward(layer, watched.up, watched.down), layer.output.LayerNorm

    def __call__(self, x: "torch.Tensor", mask: "torch.Tensor | None", shape: "torch.Size") -> "torch.Tensor":
        mixed = attend(self.qkv.product(self.qkv.bytes(x), self.dtype), mask, shape, self.heads)
        x = self.out_norm(self.out.product.onto(self.out.bytes(mixed), x))
        return self.norm(self.feed_forward(x))


class CalibratedBert:
    """Ids, mask and segment ids (n, t) to the last hidden state (n, t, d) float32."""

    def __init__(self, model: Any, texts: Iterable[np.ndarray], bf16: bool) -> None:
        """`texts` are the token ids (t,) that scales are set on; attention is in bf16 where the processor has it."""
        import torch

        full = FusedBert(model)
        for layer in full.layers:
            for name in ("qkv", "out", "up", "down"):
                setattr(layer, name, Watched(getattr(layer, name)))
        with torch.inference_mode():
            for text in texts:
                ids = torch.from_numpy(text[None].astype(np.int64))
                full(ids, torch.ones_like(ids))
            self._dtype = torch.bfloat16 if bf16 else torch.float32
            blocks = zip(model.encoder.layer, full.layers, strict=True)
            self._layers = [_Layer(layer, watched, self._dtype) for layer, watched in blocks]
        self._embeddings = model.embeddings

    def __call__(
        self, ids: "torch.Tensor", mask: "torch.Tensor", types: "torch.Tensor | None" = None
    ) -> "torch.Tensor":
        """As the model's own `last_hidden_state`; call it in `torch.inference_mode`."""
        return hidden_states(self._embeddings, self._layers, ids, mask, types, self._dtype)
