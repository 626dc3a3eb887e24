"""Linear layers in 8-bit integers on a CPU: weights by output channel, activations by token.

The scheme of torchao's `Int8DynamicActivationInt8WeightConfig`, on the same product of torch, without its tensor
classes (which take 1.9 times as long without a compiler). A scale a token, not one for the batch as ONNX Runtime's and
torch's own dynamic quantisation have it, is what keeps a text's vector independent of what shares its batch,
but for rounding.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

INT8_SCHEME = 2
"""Part of the fingerprint of vectors in int8: raised with every change of how products are rounded."""
_LARGEST = 127
_SMALLEST_SCALE = 1e-12


@dataclass(frozen=True)
class Int8Linear:
    """A product with its bias: (n, in) float32 to (n, out) float32."""

    weight: "torch.Tensor"
    """(in, out) int8."""
    scale: "torch.Tensor"
    """(out,) float32."""
    bias: "torch.Tensor | None"

    @classmethod
    def of(cls, *parts: Any) -> "Int8Linear":
        """Several linear layers over the same input as one."""
        import torch

        with torch.no_grad():
            weight = torch.cat([p.weight for p in parts]).float()
            scale = (weight.abs().amax(1) / _LARGEST).clamp_min_(_SMALLEST_SCALE)
            bias = None if parts[0].bias is None else torch.cat([p.bias for p in parts]).float()
            return cls((weight / scale[:, None]).round_().to(torch.int8).t(), scale, bias)

    def __call__(self, x: "torch.Tensor", then: str = "none") -> "torch.Tensor":
        """The product, and after it GELU where `then` says so."""
        import torch

        found = self._product(x)
        if self.bias is not None:
            found = found.add_(self.bias)
        return torch.nn.functional.gelu(found) if then == "gelu" else found

    def plus(self, x: "torch.Tensor", residual: "torch.Tensor") -> "torch.Tensor":
        """The product and the residual."""
        return self(x).add_(residual)

    def _product(self, x: "torch.Tensor") -> "torch.Tensor":
        import torch

        scale = (x.abs().amax(1, keepdim=True) / _LARGEST).clamp_min_(_SMALLEST_SCALE)
        sums = torch._int_mm((x / scale).round_().to(torch.int8), self.weight)
        # a token that is not finite has a scale that is not, so its sums come out as NaN and are told
        return (sums * scale).mul_(self.scale)


def with_int8_linears(model: Any) -> Any:
    """The model with each of its linear layers replaced; embeddings, norms and attention stay in float32."""
    import torch

    class Layer(torch.nn.Module):
        """`Int8Linear` for inputs of any shape."""

        def __init__(self, linear: Any) -> None:
            super().__init__()
            self._linear = Int8Linear.of(linear)

        def forward(self, x: "torch.Tensor") -> "torch.Tensor":
            """As the layer it stands for."""
            return self._linear(x.reshape(-1, x.shape[-1]).float()).view(*x.shape[:-1], -1)

    def replace(module: Any) -> None:
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Linear):
                setattr(module, name, Layer(child))
            else:
                replace(child)

    replace(model)
    return model
