"""Training of tfidf: a word's row is its inverse document frequency times its part in each topic of the texts."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from interest_platform.embedding.word_table import Vocabulary, WordTable

if TYPE_CHECKING:
    from interest_platform.configuration import EncoderSettings


def train_tfidf(
    words: pl.DataFrame, n_texts: int, vocabulary: Vocabulary, settings: "EncoderSettings"
) -> tuple[WordTable, dict[str, Any]]:
    """Latent semantic analysis (Deerwester et al. 1990): TF-IDF with damped counts, then a truncated SVD.

    scikit-learn's, with its smooth idf = 1 + ln((1 + n) / (1 + df)). The texts' own length is left out of a vector: it
    does not change the direction.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = vocabulary.counts(words, n_texts)
    transformer = TfidfTransformer(sublinear_tf=True)
    weighted = transformer.fit_transform(counts)
    # there are no more independent directions than texts or words
    dimension = min(settings.dimension, n_texts, len(vocabulary))
    svd = TruncatedSVD(dimension, random_state=settings.train.seed).fit(weighted)
    table = transformer.idf_[:, None] * svd.components_.T
    explained = float(np.sum(svd.explained_variance_ratio_))
    return WordTable.trained(vocabulary, table, "log", counts), {"explained_variance": explained}
