"""The interests of one user: Ward's clustering of the user's own text vectors (PinnerSage)."""

import numpy as np

MOST_TEXTS = 1_000
"""Texts of a user that the tree is made of at most: it costs their square. The others join the nearest part."""

EQUAL = 1e-6
"""Height of a merge, a distance, at or below which the texts are one: rounding."""


def ward_parts(vectors: np.ndarray, weights: np.ndarray, most: int, same: float | None) -> np.ndarray:
    """Which part each of a user's n texts is in, (n,) int from 0, of at most `most` parts.

    `vectors` (n, d) are unit, `weights` (n,) say which texts the tree is made of where there are more than
    `MOST_TEXTS`: the heaviest. The tree is Ward's [Ward 1963; Pal et al. 2020, PinnerSage, KDD]; its merges are undone
    from the top, last first. With `same` a merge is undone only where the mean cosine between texts of its two sides is
    below `same`, and nothing under a merge that stands is; without, until there are `most` parts. Equal texts are
    never parted. O(n^2 d).
    """
    n = len(vectors)
    if n > MOST_TEXTS:
        return _of_many(vectors, weights, most, same)
    if n < 2 or most < 2:
        return np.zeros(n, np.int64)
    from scipy.cluster.hierarchy import linkage

    vectors = vectors.astype(np.float64)
    return _cut(linkage(vectors, "ward"), vectors, most, same)


def _cut(tree: np.ndarray, vectors: np.ndarray, most: int, same: float | None) -> np.ndarray:
    """Labels (n,) from scipy's tree, (n - 1, 4)."""
    n = len(vectors)
    children = tree[:, :2].astype(np.int64)
    alike = None if same is None else _between_sides(tree, vectors)
    parts = {2 * n - 2}
    for merge in range(n - 2, -1, -1):
        if len(parts) == most or tree[merge, 2] <= EQUAL:
            break
        if n + merge in parts and (alike is None or alike[merge] < same):
            parts.remove(n + merge)
            parts.update(children[merge].tolist())
    labels = np.full(2 * n - 1, -1)
    labels[sorted(parts)] = np.arange(len(parts))
    for merge in range(n - 2, -1, -1):
        if labels[n + merge] >= 0:
            labels[children[merge]] = labels[n + merge]
    return labels[:n]


def _between_sides(tree: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Mean cosine between the texts of the two sides of each merge, (n - 1,)."""
    n = len(vectors)
    sums, sizes = np.zeros((2 * n - 1, vectors.shape[1])), np.ones(2 * n - 1)
    sums[:n] = vectors
    alike = np.empty(n - 1)
    for merge, (one, other) in enumerate(tree[:, :2].astype(np.int64)):
        alike[merge] = np.dot(sums[one], sums[other]) / (sizes[one] * sizes[other])
        sums[n + merge], sizes[n + merge] = sums[one] + sums[other], sizes[one] + sizes[other]
    return alike


def _of_many(vectors: np.ndarray, weights: np.ndarray, most: int, same: float | None) -> np.ndarray:
    """The tree of the heaviest texts (ties: those that come first); each other text joins the part nearest to it."""
    kept = np.sort(np.argsort(-weights, kind="stable")[:MOST_TEXTS])
    labels = ward_parts(vectors[kept], weights[kept], most, same)
    sums = np.stack([vectors[kept[labels == part]].sum(axis=0, dtype=np.float64) for part in range(labels.max() + 1)])
    means = sums / np.maximum(np.linalg.norm(sums, axis=1), 1e-12)[:, None]
    found = (vectors @ means.T).argmax(axis=1)
    found[kept] = labels
    return np.asarray(found)
