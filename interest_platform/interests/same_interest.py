"""How alike two texts of one user are where they are about one thing: told from pairs of texts, without labels."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_platform.interests.vectors import BLOCK

PAIRS_A_USER = 30
"""Pairs of a user's texts looked at, at most: who writes much shall not speak for all."""

USERS = 2_000
"""Users looked at, at most."""

STRANGERS = 4
"""Pairs of two users' texts for each pair of one user's."""

KOLMOGOROV = 1.63
"""1 % point of Kolmogorov's distribution: a smaller difference than this / sqrt(users) may be chance."""


@dataclass(frozen=True)
class SameInterest:
    """Texts of a user are about one thing where their cosine is at least `cosine`; None: nothing can be told.

    `difference`, 0 to 1, is by how much more often one user's texts are that alike than two users'; `users` were looked
    at.
    """

    cosine: float | None
    difference: float
    users: int


def same_interest(vectors: np.ndarray, texts: pl.DataFrame) -> SameInterest:
    """Calibrate on a window: `texts` has user_key and row, each once, rows being those of (n, d) unit `vectors`.

    Pairs of one user's texts are about one thing in some share p, pairs of two users' texts in a smaller share q; both
    are unknown. The cosine c with the largest P(one user's >= c) - P(two users' >= c) parts pairs about one thing from
    pairs about two all the same: the difference is p - q times that between the two kinds, whatever p and q are, so
    that c is where the sum of the two kinds' rates of error is least (balanced error is immune to mutual contamination:
    Menon, van Rooyen, Ong and Williamson 2015, ICML). The line is drawn midway to the next smaller cosine.

    Nothing can be told where the difference, Kolmogorov and Smirnov's statistic, may be chance with so many users
    (pairs of one user are no independent evidence): of few users, or where all write about the same. O(pairs x d);
    neither the order of rows nor the users' keys change the result.
    """
    written = _written(texts)
    if len(written) < 2:
        return SameInterest(None, 0.0, len(written))
    within, between = _pairs(written)
    cosines = _cosines(vectors, np.concatenate([within, between]))
    gains = np.concatenate([np.full(len(within), 1 / len(within)), np.full(len(between), -1 / max(1, len(between)))])
    order = np.argsort(-cosines, kind="stable")
    differences = np.cumsum(gains[order])
    best = int(np.argmax(differences))
    difference = float(differences[best])
    if difference < KOLMOGOROV / np.sqrt(len(written)):
        return SameInterest(None, difference, len(written))
    line = cosines[order[best : best + 2]].mean()
    return SameInterest(float(line), difference, len(written))


def _written(texts: pl.DataFrame) -> pl.Series:
    """The rows of each user's texts, users with two or more: in the order of what they wrote, as keys are random."""
    by_user = texts.group_by("user_key").agg(pl.col("row").sort()).filter(pl.col("row").list.len() > 1)
    rows = pl.col("row").list
    order = [rows.first(), rows.len(), rows.sum(), rows.last()]
    keyed = by_user.select("row", *(key.alias(f"key{i}") for i, key in enumerate(order)))
    written = keyed.sort([f"key{i}" for i in range(len(order))])["row"]
    if len(written) <= USERS:
        return written
    return written.gather(np.sort(np.random.default_rng(0).choice(len(written), USERS, replace=False)))


def _pairs(written: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Rows of pairs of one user's texts, all or `PAIRS_A_USER` drawn, and of two users', both (pairs, 2)."""
    rng = np.random.default_rng(0)
    counts = written.list.len().to_numpy().astype(np.int64)
    rows, starts = written.explode().to_numpy().astype(np.int64), np.cumsum(counts) - counts
    user = np.repeat(np.arange(len(counts)), np.minimum(PAIRS_A_USER, counts * (counts - 1) // 2))
    number = np.arange(len(user)) - np.searchsorted(user, user)
    # the number-th of all pairs i < j, in the order of j
    later = ((1 + np.sqrt(1 + 8 * number)) // 2).astype(np.int64)
    earlier = number - later * (later - 1) // 2
    many = (counts * (counts - 1) // 2 > PAIRS_A_USER)[user]
    later[many] = (rng.random(many.sum()) * (counts[user[many]] - 1)).astype(np.int64) + 1
    earlier[many] = (rng.random(many.sum()) * later[many]).astype(np.int64)
    within = np.stack([rows[starts[user] + earlier], rows[starts[user] + later]], axis=1)
    one = np.tile(user, STRANGERS)
    other = rng.permutation(one)
    drawn = rows[starts[other] + (rng.random(len(other)) * counts[other]).astype(np.int64)]
    between = np.stack([np.tile(within[:, 0], STRANGERS), drawn], axis=1)
    return within, between[(other != one) & (between[:, 0] != between[:, 1])]


def _cosines(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    found = np.empty(len(pairs))
    step = max(1, BLOCK // (4 * max(1, vectors.shape[1])))
    for start in range(0, len(pairs), step):
        one, other = pairs[start : start + step].T
        found[start : start + step] = np.einsum("ij,ij->i", vectors[one], vectors[other], dtype=np.float64)
    return found
