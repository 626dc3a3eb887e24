"""From one encoder's space to another's: the rotation that brings the same texts together."""

from dataclasses import dataclass

import numpy as np

FEWEST = 50
"""Texts that a mapping can be fitted on at all."""

FOLDS = 5
"""Parts of the texts: each is mapped by what the others have fitted."""


@dataclass(frozen=True)
class EncoderMapping:
    """`matrix` (d_from, d_to) takes an old vector (a row) to the new space.

    On texts held out, mapped vectors have a mean cosine of `cosine` to the same text's new vector, of `chance` to
    another text's; `error` is the relative error in Frobenius' norm. `texts` is how many it was fitted on.
    """

    matrix: np.ndarray
    cosine: float
    chance: float
    error: float
    texts: int

    @property
    def tells(self) -> bool:
        """Whether a mapped vector is nearer to its own text than to others."""
        return self.cosine > self.chance

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Old vectors (n, d_from) in the new space, (n, d_to) float64, of unit length (zeros where nothing is left)."""
        mapped = vectors.astype(np.float64) @ self.matrix
        return np.asarray(mapped / np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), 1e-12))


def fit_mapping(old: np.ndarray, new: np.ndarray) -> EncoderMapping | None:
    """Fit on n texts' unit vectors by both encoders, (n, d_from) and (n, d_to); None of fewer than `FEWEST` texts.

    The orthogonal Procrustes problem [Schoenemann 1966]: the matrix W with orthonormal rows or columns that makes
    |old W - new| least is U V' of the singular value decomposition of old' new; with d_from other than d_to that is the
    solution for vectors padded with zeros. Cosines between texts stay what they were, as far as d_to holds them. Errors
    are those of cross-validation. The order of texts decides only which are held out together. O(n d^2 + d^3).
    """
    if len(old) < FEWEST:
        return None
    old, new = old.astype(np.float64), new.astype(np.float64)
    held = np.empty_like(new)
    part = np.arange(len(old)) % FOLDS
    for fold in range(FOLDS):
        rest = part != fold
        held[~rest] = old[~rest] @ _procrustes(old[rest], new[rest])
    mapped = held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-12)
    cosine = float(np.einsum("ij,ij->i", mapped, new).mean())
    n = len(new)
    chance = float((mapped.sum(axis=0) @ new.sum(axis=0) - n * cosine) / (n * (n - 1)))
    error = float(np.linalg.norm(held - new) / np.linalg.norm(new))
    return EncoderMapping(_procrustes(old, new), cosine, chance, error, n)


def _procrustes(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    from scipy.linalg import svd

    u, _, vt = svd(old.T @ new, full_matrices=False)
    return np.asarray(u @ vt)
