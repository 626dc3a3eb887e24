"""Other people's topic models on vectors that are given: a label for every text, -1 where one is left out.

They are no dependency of the project: `pip install NAME` in an environment of its own, and run the benchmark there.
Their settings are their defaults. Both compile on first use, so that each is run once on noise before it is timed.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

FEWEST_COUNTS = 5
"""Top2Vec's `min_count`: with its default of 50 a few thousand short texts have hardly a word left."""


def missing() -> list[str]:
    """A line for every rival that is not installed."""
    absent = [name for name in RIVALS if find_spec(name) is None]
    return [f"{name}: not installed, left out; `pip install {name}` in an environment of its own" for name in absent]


def installed() -> list[str]:
    """Names of the rivals that are there."""
    return [name for name in RIVALS if find_spec(name) is not None]


def bertopic(texts: Sequence[str], vectors: np.ndarray) -> tuple[Any, np.ndarray]:
    """BERTopic's `fit_transform` on the vectors: the model and the labels (n,)."""
    from bertopic import BERTopic

    model = BERTopic(embedding_model=None)
    labels, _ = model.fit_transform(list(texts), vectors)
    return model, np.asarray(labels)


def top2vec(texts: Sequence[str], vectors: np.ndarray, words: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """Top2Vec's label of every text (n,): it leaves none out. `words` gives the vectors of words (w, d)."""
    from top2vec import Top2Vec

    known = dict(zip(texts, vectors, strict=True))

    def embed(asked: Sequence[str]) -> np.ndarray:
        held = all(text in known for text in asked)
        return np.stack([known[text] for text in asked]) if held else words(list(asked))

    model = Top2Vec(list(texts), embedding_model=embed, min_count=FEWEST_COUNTS, verbose=False)
    return np.asarray(model.doc_top)


def top2vec_words(texts: Sequence[str]) -> list[str]:
    """The words that Top2Vec will ask vectors of."""
    from top2vec.top2vec import Top2Vec, default_tokenizer

    return list(Top2Vec.get_label_vocabulary([default_tokenizer(t) for t in texts], FEWEST_COUNTS, False, None))


def warm_up(name: str) -> None:
    """Run a rival once on noise, so that what it compiles is compiled."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(4, 8)), 100, axis=0) + 0.1 * rng.normal(size=(400, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    texts = [f"alpha beta gamma word{n}" for n in range(400)]
    if name == "bertopic":
        bertopic(texts, vectors)
    else:
        top2vec(texts, vectors, lambda words: vectors[: len(words)])


RIVALS = ("bertopic", "top2vec")
