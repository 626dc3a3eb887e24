"""The words that moved: log-odds with an informative Dirichlet prior.

Monroe, Colaresi and Quinn 2008, Fightin' Words, Political Analysis 16, eq. 15-22: with word counts y of a side, the
pooled counts as prior a (scaled to `PRIOR` words, or a tenth of a smaller corpus), n and a0 their sums,
d = ln((y1 + a) / (n1 + a0 - y1 - a)) - ln((y2 + a) / (n2 + a0 - y2 - a)), var = 1 / (y1 + a) + 1 / (y2 + a), and
z = d / sqrt(var). A word counts as moved from |z| = 1.96; whether the vocabulary as a whole has moved is tested by
exchanging users, since a user repeats words and their counts are no independent draws.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PRIOR = 500.0
"""Weight of the prior in words (Monroe et al. use 500 to 1,000 for speeches)."""
USERS_AT_LEAST = 5
"""A word of fewer users is left out: it could tell who someone is, and tells of no group."""
WORDS = 5_000
"""Words compared at most: those most users write."""
TOLD = 15
"""Words told at most on either side."""
MOVED = 1.96


@dataclass(frozen=True)
class WordCounts:
    """Words, sorted, and how often each unit wrote them: sparse (units, words)."""

    words: list[str]
    counts: "csr_array"


def log_odds(after: ArrayLike, before: ArrayLike) -> NDArray[np.float64]:
    """z of every word, (words,): above 0 where it is more frequent after. Nought for a word that nobody wrote."""
    y1, y2 = np.asarray(after, np.float64), np.asarray(before, np.float64)
    pooled = y1 + y2
    a = pooled * min(PRIOR / max(pooled.sum(), 1.0), 0.1)
    said, b1, b2 = pooled > 0, y1 + a, y2 + a
    rest1, rest2 = b1.sum() - b1, b2.sum() - b2
    if said.sum() < 2:
        return np.zeros(len(y1))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (np.log(b1 / rest1) - np.log(b2 / rest2)) / np.sqrt(1 / b1 + 1 / b2)
    return np.where(said, z, 0.0)


def word_counts(rows: pl.DataFrame, units: int) -> WordCounts:
    """Counts of the words of at least five users, in `rows` of unit, user_key and tokens."""
    from scipy.sparse import csr_array

    said = rows.select("unit", "user_key", word="tokens").explode("word").drop_nulls("word")
    known = said.group_by("word").agg(users=pl.col("user_key").n_unique()).filter(pl.col("users") >= USERS_AT_LEAST)
    words = known.sort("users", "word", descending=[True, False]).head(WORDS)["word"].sort().to_list()
    numbers = pl.DataFrame({"word": pl.Series(words, dtype=pl.String), "number": np.arange(len(words))})
    cells = said.join(numbers, on="word").group_by("unit", "number").agg(times=pl.len()).sort("unit", "number")
    places = (cells["unit"].to_numpy(), cells["number"].to_numpy())
    return WordCounts(words, csr_array((cells["times"].to_numpy().astype(np.float32), places), (units, len(words))))


def words_that_moved(words: WordCounts, before: NDArray[np.bool_]) -> dict[str, list[tuple[str, float]]]:
    """`more` and `less`: the words and their z, the most moved first, ties by alphabet."""
    after, earlier = (np.asarray(words.counts[side].sum(axis=0), np.float64).ravel() for side in (~before, before))
    scores = log_odds(after, earlier)
    told = sorted(zip(words.words, scores.tolist(), strict=True), key=lambda item: (-abs(item[1]), item[0]))
    return {
        "more": [(word, round(z, 2)) for word, z in told if z >= MOVED][:TOLD],
        "less": [(word, round(z, 2)) for word, z in told if z <= -MOVED][:TOLD],
    }
