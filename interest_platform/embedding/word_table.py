"""A vector a word: what tfidf and word2vec both come to once they are trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from interest_platform.embedding.text_words import text_words
from interest_platform.embedding.unit import unit_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Damping = Literal["log", "none"]


@dataclass(frozen=True)
class Vocabulary:
    """The words a model knows: `word`, `texts` (how many have it), `uses`; ordered by texts, uses and word."""

    words: pl.DataFrame

    @classmethod
    def of(cls, words: pl.DataFrame, min_texts: int, max_words: int) -> "Vocabulary":
        """The `max_words` most widespread words of `text_words`' result that at least `min_texts` texts have."""
        counted = words.group_by("word").agg(texts=pl.col("row").n_unique(), uses=pl.len())
        kept = counted.filter(pl.col("texts") >= min_texts)
        return cls(kept.sort(["texts", "uses", "word"], descending=[True, True, False]).head(max_words))

    def __len__(self) -> int:
        return self.words.height

    def counts(self, words: pl.DataFrame, n_texts: int) -> "csr_matrix":
        """How often each text has each known word: (n, v) float64, the columns of a row in order."""
        from scipy.sparse import csr_matrix

        ids = self.words.select("word").with_row_index("id")
        found = words.join(ids, on="word", how="inner").group_by("row", "id").agg(uses=pl.len()).sort("row", "id")
        values = found["uses"].to_numpy().astype(np.float64)
        places = found["row"].to_numpy().astype(np.int64), found["id"].to_numpy().astype(np.int64)
        return csr_matrix((values, places), shape=(n_texts, len(self)))


@dataclass(frozen=True)
class WordTable:
    """A text's vector is the sum over its known words of damped count times the word's row, of unit length.

    `table` (v, d) float32; `average` (d,) float32 stands for texts without a known word. Damping `log` counts c uses as
    1 + ln c.
    """

    vocabulary: Vocabulary
    table: np.ndarray
    average: np.ndarray
    damping: Damping

    @classmethod
    def trained(cls, vocabulary: Vocabulary, table: np.ndarray, damping: Damping, counts: "csr_matrix") -> "WordTable":
        """With the mean of the training texts' vectors as the average text."""
        table = table.astype(np.float32)
        nothing = np.zeros(table.shape[1])
        vectors = unit_rows(damped(counts, damping) @ table.astype(np.float64), nothing)
        return cls(vocabulary, table, unit_rows(vectors.mean(axis=0)[None], np.eye(1, table.shape[1])[0])[0], damping)

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Vectors (n, d) float32 and the number of known words of each text (n,)."""
        counts = self.vocabulary.counts(text_words(texts), len(texts))
        known = np.asarray(counts.sum(axis=1)).ravel()
        return unit_rows(damped(counts, self.damping) @ self.table.astype(np.float64), self.average), known


def damped(counts: "csr_matrix", damping: Damping) -> "csr_matrix":
    """The counts as they weigh."""
    if damping == "none":
        return counts
    told = counts.copy()
    told.data = 1 + np.log(told.data)
    return told
