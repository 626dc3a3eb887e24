"""How alike two texts of one user are where they are about one thing: told from pairs of texts, without labels."""

from dataclasses import dataclass

import numpy as np
import polars as pl

PAIRS_A_USER = 30
"""Pairs of a user's texts looked at, at most: who writes much shall not speak for all."""

USERS = 20_000
"""Users looked at, at most."""

FEWEST = 200
"""Pairs of one user's texts below which nothing can be told."""

BINS = 50
"""Bins of cosines, each with as many pairs of two users' texts."""

CONTRAST = 2.0
"""How much more often than the least alike the most alike pairs are one user's, at least, for anything to be told."""


@dataclass(frozen=True)
class SameInterest:
    """Texts of a user are about one thing where their cosine is at least `cosine`; None: nothing can be told.

    `pairs` of one user's texts were looked at; a share `about_one`, 0 to 1, of them is about one thing.
    """

    cosine: float | None
    about_one: float
    pairs: int


def same_interest(vectors: np.ndarray, texts: pl.DataFrame) -> SameInterest:
    """Calibrate on a window: `texts` has user_key and row, each once, rows being those of (n, d) unit `vectors`.

    Pairs of one user's texts are a mixture of pairs about one thing (a share p) and about two; so are pairs of two
    users' texts (a share q). The ratio of the densities of their cosines rises from a = (1 - p) / (1 - q), where pairs
    are about two things, to b = p / q, where they are about one (mutual contamination: Scott, Blanchard and Handy 2013,
    COLT). Both ends are read from the pairs: a from the less alike half of the pairs of two users, b from the most
    alike bin. A user's pair is as likely about one thing as about two where the ratio is 2ab / (a + b); there the line
    is drawn. The ratio is made monotone (isotonic regression) and interpolated between bins.

    Nothing can be told of few pairs, or where one user's texts are hardly more alike than two users'. O(pairs x d);
    neither the order of rows nor the users' keys change the result.
    """
    within, between = _pairs(texts)
    if min(len(within), len(between)) < FEWEST:
        return SameInterest(None, 1.0, len(within))
    alike, strange = _cosines(vectors, within), _cosines(vectors, between)
    ends = np.quantile(strange, np.arange(1, BINS) / BINS)
    ratio = BINS * np.bincount(np.searchsorted(ends, alike, side="right"), minlength=BINS) / len(alike)
    low, high = float(ratio[: BINS // 2].mean()), float(ratio[-1])
    if high < CONTRAST * max(low, 1 / len(alike)):
        return SameInterest(None, 1.0, len(within))
    middles = np.quantile(strange, (np.arange(BINS) + 0.5) / BINS)
    cosine = _crossing(_rising(ratio), middles, 2 * low * high / (low + high))
    about_one = high * (1 - low) / (high - low)
    return SameInterest(cosine, float(np.clip(about_one, 0, 1)), len(within))


def _pairs(texts: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows of pairs of one user's texts and of two users', both (pairs, 2), of users with two texts or more.

    Users are put in the order of what they wrote, since their keys are random in each home.
    """
    by_user = texts.group_by("user_key").agg(pl.col("row").sort()).filter(pl.col("row").list.len() > 1)
    rows = pl.col("row").list
    order = [rows.first(), rows.len(), rows.sum(), rows.last()]
    keyed = by_user.select("row", *(key.alias(f"key{i}") for i, key in enumerate(order)))
    written = keyed.sort([f"key{i}" for i in range(len(order))])["row"]
    rng = np.random.default_rng(0)
    if len(written) > USERS:
        written = written.gather(np.sort(rng.choice(len(written), USERS, replace=False)))
    counts = written.list.len().to_numpy().astype(np.int64)
    flat, starts = written.explode().to_numpy().astype(np.int64), np.cumsum(counts) - counts
    user = np.repeat(np.arange(len(counts)), np.minimum(PAIRS_A_USER, counts * (counts - 1) // 2))
    first = (rng.random(len(user)) * counts[user]).astype(np.int64)
    second = (first + 1 + (rng.random(len(user)) * (counts[user] - 1)).astype(np.int64)) % counts[user]
    within = np.stack([flat[starts[user] + first], flat[starts[user] + second]], axis=1)
    if len(counts) < 2:
        return within, within[:0]
    # another user's text for every first text, that user being drawn as often as in the pairs of one user
    other = rng.permutation(user)
    third = (rng.random(len(user)) * counts[other]).astype(np.int64)
    between = np.stack([within[:, 0], flat[starts[other] + third]], axis=1)
    return within, between[(other != user) & (between[:, 0] != between[:, 1])]


def _cosines(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]], dtype=np.float64)


def _rising(ratio: np.ndarray) -> np.ndarray:
    """The nearest non-decreasing values, (bins,): pooled adjacent violators."""
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(ratio).x)


def _crossing(rising: np.ndarray, at: np.ndarray, level: float) -> float:
    """Where a non-decreasing curve reaches the level, interpolated; `level` lies between its ends."""
    after = int(np.searchsorted(rising, level))
    if after == 0 or after == len(rising):
        return float(at[min(after, len(at) - 1)])
    share = (level - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(at[after - 1] + share * (at[after] - at[after - 1]))
