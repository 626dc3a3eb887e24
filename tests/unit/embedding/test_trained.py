import json
from pathlib import Path

import numpy as np
import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder
from interest_platform.embedding.made import ABOUT, TENSORS
from interest_platform.embedding.text_words import text_words
from interest_platform.embedding.trained import TRAINERS, train
from interest_platform.embedding.word_table import Vocabulary
from interest_platform.errors import EncoderError, NotTrainedError

SUBJECTS = [
    ["espresso", "coffee", "grinder", "beans", "roast", "kettle", "milk", "foam"],
    ["bicycle", "chain", "trail", "gravel", "tyre", "wheel", "saddle", "brake"],
    ["telescope", "moon", "comet", "orbit", "eclipse", "star", "galaxy", "lens"],
]


def texts_of(n: int, seed: int = 0) -> list[str]:
    """Text i takes six words of subject i % 3, and one that is in all."""
    draw = np.random.default_rng(seed)
    return [" ".join(["today", *draw.choice(SUBJECTS[i % 3], 6), f"{i}x"]) for i in range(n)]


def settings(kind: str, **train_on: object) -> EncoderSettings:
    return EncoderSettings(kind=kind, dimension=6, train={"epochs": 40, **train_on})


@pytest.fixture(params=sorted(TRAINERS))
def kind(request) -> str:
    return request.param


def test_texts_of_one_subject_are_nearer_than_those_of_two(kind, tmp_path):
    vectors = train(settings(kind), tmp_path, texts_of(240), {}).encode(texts_of(30, seed=1)).vectors
    near = vectors @ vectors.T
    same = np.equal.outer(np.arange(30) % 3, np.arange(30) % 3)
    assert near[same].mean() > near[~same].mean() + 0.3


def test_training_again_on_the_same_texts_is_the_same_model_bit_by_bit(kind, tmp_path):
    first, second = (train(settings(kind), tmp_path / name, texts_of(60), {}) for name in "ab")
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(first.encode(texts_of(9)).vectors, second.encode(texts_of(9)).vectors)


def test_other_texts_make_another_model_and_the_last_trained_is_in_use(kind, tmp_path):
    before = train(settings(kind), tmp_path, texts_of(60), {})
    after = train(settings(kind), tmp_path, texts_of(90), {})
    assert before.fingerprint != after.fingerprint and before.folder.is_dir()
    assert load_encoder(settings(kind), tmp_path, tmp_path).fingerprint == after.fingerprint
    assert train(settings(kind), tmp_path, texts_of(60), {}).fingerprint == before.fingerprint


def test_what_decides_the_training_has_a_model_of_its_own(kind, tmp_path):
    train(settings(kind), tmp_path, texts_of(60), {})
    for other in (settings(kind, seed=1), settings(kind, end="2024-01-01"), settings(kind, min_texts=3)):
        assert not load_encoder(other, tmp_path, tmp_path).is_trained


def test_untrained_it_names_the_command_in_one_line(kind, tmp_path):
    encoder = load_encoder(settings(kind), tmp_path, tmp_path)
    for use in (lambda: encoder.fingerprint, lambda: encoder.dimension, lambda: encoder.encode(["a text"])):
        with pytest.raises(NotTrainedError, match=r"is not trained; run `interest train`") as told:
            use()
        assert "\n" not in str(told.value)
    with pytest.raises(EncoderError, match="needs a home"):
        load_encoder(settings(kind), tmp_path)


def test_texts_without_words_in_common_are_refused(kind, tmp_path):
    with pytest.raises(NotTrainedError, match="0 words are in 2 or more of the 2 texts to train on"):
        train(settings(kind), tmp_path, ["one thing", "another matter"], {})
    assert not load_encoder(settings(kind), tmp_path, tmp_path).is_trained


def test_a_text_without_a_known_word_is_the_average_text_and_counts_none(kind, tmp_path):
    encoder = train(settings(kind), tmp_path, texts_of(60), {})
    encoded = encoder.encode(["xyzzy", "", "moon moon xyzzy"])
    np.testing.assert_array_equal(encoded.vectors[0], encoded.vectors[1])
    assert encoded.n_tokens.tolist() == [0, 0, 2]


def test_what_it_learnt_from_is_told_and_kept(kind, tmp_path):
    encoder = train(settings(kind), tmp_path, texts_of(60), {"trained_from": "2024-01-01"})
    told = encoder.description
    assert told["texts"] == 60 and told["words"] == 25 and told["trained_from"] == "2024-01-01"
    assert json.loads((encoder.folder / ABOUT).read_text())["texts"] == 60


def test_a_damaged_model_is_one_line(kind, tmp_path):
    encoder = train(settings(kind), tmp_path, texts_of(60), {})
    (encoder.folder / TENSORS).write_bytes(b"garbage")
    with pytest.raises(EncoderError, match="can't be read"):
        load_encoder(settings(kind), Path("/"), tmp_path).encode(["moon"])


def test_tfidf_angles_are_those_of_scikit_learn(tmp_path):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = texts_of(60)
    found = train(settings("tfidf"), tmp_path, texts, {}).encode(texts).vectors
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=r"[^\s]+")
    expected = TruncatedSVD(6, random_state=0).fit_transform(vectorizer.fit_transform(texts))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=5e-3)  # the SVD is a randomised one


def test_the_vocabulary_holds_the_most_widespread_words():
    words = text_words(["a moon moon moon", "Moon lens", "lens star", "star kiln", "STAR"])
    kept = Vocabulary.of(words, 2, 2)
    assert kept.words.rows() == [("star", 3, 3), ("moon", 2, 4)]
    assert kept.counts(words, 5).toarray().tolist() == [[0, 3], [0, 1], [1, 0], [1, 0], [1, 0]]


def test_words_are_lower_case_and_chinese_is_cut():
    found = text_words(["The Moon-landing, 1969!", "", "今天天气很好"])
    assert found.rows() == [(0, "the"), (0, "moon"), (0, "landing"), (2, "今天天气"), (2, "很"), (2, "好")]
