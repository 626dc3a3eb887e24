"""A table of token vectors from a transformer, as model2vec makes it.

Every token of the vocabulary is read by the transformer alone between its markers; the vectors are turned to their
principal components, and each is weighted by a / (a + p) (smooth inverse frequency, Arora et al. 2017), with p from
Zipf's law over the token's rank, since vocabularies are ordered by frequency. A text is then the mean of its tokens'
vectors. Source: Tulkens and van Dongen, Model2Vec, 2024.
"""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from interest_platform.embedding import workers
from interest_platform.embedding.hardware import device
from interest_platform.errors import EncoderError

if TYPE_CHECKING:
    from interest_platform.embedding.model_folder import ModelFolder
    from interest_platform.embedding.network import Network
    from interest_platform.embedding.pooling import Pooling

SIF = 1e-4
_UNUSED = re.compile(r"\[unused\d+\]")
_TOKENS_AT_ONCE = 256


def distil(model: "ModelFolder", pooling: "Pooling", dimension: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Table (v, d) float32, zero where a token says nothing; the average text's vector (d,); the tokenizer's JSON.

    The transformer runs in fp32, so that two machines distil the same table. Raises `EncoderError` where the model
    can't be loaded or its tokenizer is a slow one.
    """
    from interest_platform.embedding.network import load_network

    network = load_network(model, "fp32", device(), model.most_tokens, pooling)
    if not network.tokenizer.is_fast:
        raise EncoderError(f"encoder.model {model.name}: has no tokenizer.json, which a static encoder needs")
    backend = network.tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    ids = _ordinary(network.tokenizer, model.config.get("vocab_size"))
    weights, p = sif_weights(len(ids))
    components = principal_components(_token_states(network, ids), dimension)
    size = backend.get_vocab_size(with_added_tokens=True)
    table = np.zeros((size, components.shape[1]), dtype=np.float32)
    table[ids] = components * weights[:, None]
    average = p @ table[ids]
    return table, average / np.linalg.norm(average), backend.to_str()


def sif_weights(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight and probability of the n tokens of a vocabulary ordered by frequency."""
    inverse = 1 / np.arange(2, n + 2)
    p = inverse / inverse.sum()
    return SIF / (SIF + p), p


def principal_components(vectors: np.ndarray, dimension: int) -> np.ndarray:
    """The first `dimension` principal components (n, d) of the vectors; each axis points to its largest value."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    scores = centred @ axes[:, ::-1][:, :dimension]
    largest = np.abs(scores).argmax(axis=0)
    return scores * np.where(scores[largest, np.arange(scores.shape[1])] < 0, -1, 1)


def _ordinary(tokenizer: Any, rows: int | None) -> np.ndarray:
    """Ids of the tokens that stand for text and that the model has a row for, in the vocabulary's order."""
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    found = sorted((i, token) for token, i in tokenizer.get_vocab().items() if i not in special)
    kept = [i for i, token in found if not _UNUSED.fullmatch(token) and (rows is None or i < rows)]
    if not kept:
        raise EncoderError("encoder.model: the tokenizer has no token but its markers")
    return np.array(kept, dtype=np.int64)


def _token_states(network: "Network", ids: np.ndarray) -> np.ndarray:
    """Each token's pooled state, not scaled: (n, d) float32."""
    before, after = _markers(network.tokenizer.backend_tokenizer)

    def run(batch: np.ndarray) -> np.ndarray:
        columns = [np.full(len(batch), marker) for marker in before], [np.full(len(batch), m) for m in after]
        sequences = np.stack([*columns[0], batch, *columns[1]], axis=1)
        return network.states(sequences, np.ones_like(sequences), None).cpu().numpy()

    batches = np.array_split(ids, max(1, len(ids) // _TOKENS_AT_ONCE))
    plan = workers.plan(_TOKENS_AT_ONCE * 8, network.device)
    states = np.concatenate(list(workers.run(run, batches, plan)))
    return np.nan_to_num(states)


def _markers(backend: Any) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before and after a text."""
    read = backend.encode("a")
    ordinary = [i for i, special in enumerate(read.special_tokens_mask) if not special]
    return (read.ids[: ordinary[0]], read.ids[ordinary[-1] + 1 :]) if ordinary else (read.ids, [])
