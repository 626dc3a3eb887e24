"""Training of word2vec: a word's row is its skip-gram vector, weighted by how rare it is."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from interest_platform.embedding.unit import unit_rows
from interest_platform.embedding.word_table import Vocabulary, WordTable

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings

SIF = 1e-3
WINDOW, NEGATIVE = 5, 5


def train_word2vec(
    words: pl.DataFrame, n_texts: int, vocabulary: Vocabulary, settings: "EncoderSettings"
) -> tuple[WordTable, dict[str, Any]]:
    """Skip-gram with negative sampling (Mikolov et al. 2013, gensim's), texts by smooth inverse frequency.

    SIF (Arora et al. 2017): a word counts a / (a + p), p its share of all uses, and the direction that all texts have
    in common is taken out. One thread, since several would make the result depend on their timing.
    """
    from gensim.models import Word2Vec

    known = words.join(vocabulary.words.select("word"), on="word", how="semi", maintain_order="left")
    sentences = known.group_by("row", maintain_order=True).agg("word")["word"].to_list()
    train = settings.train
    model = Word2Vec(
        vector_size=settings.dimension, window=WINDOW, negative=NEGATIVE, sg=1, min_count=1, workers=1, seed=train.seed
    )
    model.build_vocab(sentences)
    model.train(sentences, total_examples=model.corpus_count, epochs=train.epochs)
    order = [model.wv.key_to_index[word] for word in vocabulary.words["word"]]
    uses = vocabulary.words["uses"].to_numpy()
    table = model.wv.vectors[order] * (SIF / (SIF + uses / uses.sum()))[:, None]
    counts = vocabulary.counts(words, n_texts)
    common = _common_direction(unit_rows(counts @ table.astype(np.float64), np.zeros(settings.dimension)))
    table = table - np.outer(table @ common, common)
    return WordTable.trained(vocabulary, table, "none", counts), {"words_trained_on": known.height}


def _common_direction(vectors: np.ndarray) -> np.ndarray:
    """The first right singular vector (d,) of the texts' vectors (n, d)."""
    wide = vectors.astype(np.float64)
    return np.linalg.eigh(wide.T @ wide)[1][:, -1]
