from pathlib import Path

import numpy as np
import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder, static
from interest_platform.embedding.distil import principal_components, sif_weights
from interest_platform.embedding.made import TENSORS
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.word_pieces import PieceReader
from interest_platform.errors import EncoderError

TEXTS = ["the cat and the dog", "a fast patch for the kernel", "music", "this song is not slow", "mail from the list"]


def encoder(parent: Path, home: Path | None, **settings):
    return load_encoder(EncoderSettings(kind="static", model=str(parent), **settings), Path("/"), home)


def by_hand(parent: Path, dimension: int) -> tuple[dict[str, int], np.ndarray]:
    """The independent oracle: transformers token by token, scikit-learn's principal components, SIF by the formula."""
    import torch
    from sklearn.decomposition import PCA
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(parent).eval(), AutoTokenizer.from_pretrained(parent)
    tokens = [t for t, i in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]) if not t.startswith("[")]
    with torch.no_grad():
        states = [
            model(input_ids=torch.tensor([[2, tokenizer.convert_tokens_to_ids(t), 3]])).last_hidden_state[0].mean(0)
            for t in tokens
        ]
    scores = PCA(dimension, svd_solver="full").fit_transform(torch.stack(states).double().numpy())
    ranks = np.arange(2, len(tokens) + 2)
    p = (1 / ranks) / (1 / ranks).sum()
    return {token: i for i, token in enumerate(tokens)}, scores * (1e-4 / (1e-4 + p))[:, None]


def test_a_vector_is_the_mean_of_the_weighted_components_of_its_tokens(tiny_bert, tmp_path):
    rows, table = by_hand(tiny_bert, 8)
    vectors = encoder(tiny_bert, tmp_path, dimension=8).encode(TEXTS).vectors
    expected = np.stack([table[[rows[word] for word in text.split()]].mean(axis=0) for text in TEXTS])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    # the sign of a principal component is free, so angles between texts are compared; stored in half precision
    np.testing.assert_allclose(vectors @ vectors.T, expected @ expected.T, atol=2e-3)


def test_weights_by_hand():
    # 1/2 and 1/3 are 3/5 and 2/5 of their sum
    weights, p = sif_weights(2)
    np.testing.assert_allclose(p, [0.6, 0.4])
    np.testing.assert_allclose(weights, [1e-4 / 0.6001, 1e-4 / 0.4001])


def test_components_point_to_their_largest_value_and_fall_in_variance():
    vectors = np.random.default_rng(0).normal(size=(50, 6)) * [1, 5, 2, 9, 3, 1]
    found = principal_components(vectors, 4)
    assert found.shape == (50, 4)
    assert (np.diff(found.var(axis=0)) < 0).all()
    assert (found[np.abs(found).argmax(axis=0), range(4)] > 0).all()


def test_the_parent_is_distilled_once(tiny_bert, tmp_path, monkeypatch):
    first = encoder(tiny_bert, tmp_path).encode(TEXTS).vectors
    monkeypatch.setattr(static, "distil", lambda *_: pytest.fail("distilled again"))
    np.testing.assert_array_equal(encoder(tiny_bert, tmp_path).encode(TEXTS).vectors, first)
    # the length limit is no part of the table
    encoder(tiny_bert, tmp_path, max_tokens=8).encode(TEXTS)


def test_another_parent_dimension_pooling_or_limit_is_another_fingerprint(make_model, tmp_path):
    one, other = make_model("bert"), make_model("roberta")
    base = encoder(one, tmp_path)
    changed = [encoder(one, tmp_path, **{key: value}) for key, value in
               (("dimension", 4), ("pooling", "cls"), ("max_tokens", 9))]  # fmt: skip
    found = [base, encoder(other, tmp_path), *changed]
    assert len({e.fingerprint for e in found}) == len(found)
    assert encoder(one, tmp_path / "elsewhere").fingerprint == base.fingerprint


def test_a_dimension_above_the_parents_is_the_parents(tiny_bert, tmp_path):
    large = encoder(tiny_bert, tmp_path, dimension=1000)
    assert large.dimension == large.encode(TEXTS).vectors.shape[1] == 32


def test_a_decoder_can_be_the_parent(make_model, tmp_path):
    vectors = encoder(make_model("gpt2"), tmp_path, dimension=8).encode(TEXTS).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_text_without_a_known_token_is_the_average_text(tiny_bert, tmp_path):
    made = encoder(tiny_bert, tmp_path, dimension=8)
    unknown, blank, known = made.encode(["xyzzy qwerty", "", "cat"]).vectors
    np.testing.assert_array_equal(unknown, blank)
    assert not np.array_equal(known, blank)


def test_texts_are_cut_at_max_tokens(tiny_bert, tmp_path):
    encoded = encoder(tiny_bert, tmp_path, max_tokens=8).encode(["cat " * 8, "cat " * 8 + "dog", "cat", ""])
    assert encoded.n_tokens.tolist() == [8, 8, 1, 0]
    assert encoded.truncated.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(encoded.vectors[0], encoded.vectors[1])


def test_a_damaged_table_is_one_line_that_says_what_to_do(tiny_bert, tmp_path):
    encoder(tiny_bert, tmp_path).encode(TEXTS)
    (path,) = tmp_path.rglob(TENSORS)
    path.write_bytes(b"garbage")
    with pytest.raises(EncoderError, match=r"can't be read .* delete that folder and it is made again") as told:
        encoder(tiny_bert, tmp_path).encode(TEXTS)
    assert "\n" not in str(told.value)


def test_without_a_home_it_is_refused(tiny_bert):
    with pytest.raises(EncoderError, match=r"encoder\.kind static: needs a home"):
        encoder(tiny_bert, None)


def test_a_failure_while_distilling_leaves_nothing_behind(tiny_bert, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("safetensors.numpy.save_file", fail)
        with pytest.raises(KeyboardInterrupt):
            encoder(tiny_bert, tmp_path).encode(TEXTS)
    assert not [p for p in tmp_path.rglob("*") if p.is_dir() and p.name.startswith((".making", "table"))]
    encoder(tiny_bert, tmp_path).encode(TEXTS)


NASTY = [
    "", " ", "a\tb\nc\rd", "naïve café İstanbul", "价格便宜，质量也不错", "x\x00y \x0b z\x85w",
    "[CLS] not [SEP] a [MASK]ed one",
    "no\u00a0break\u2003space\u3000wide", "e\u0301 \u0301 combining", "word" * 60, "don't stop!!! ... :-)", "ΟΔΟΣ Σ σ",
    "emoji 👩‍👩‍👧 and 🇩🇪", "\ud7ff \ue000 \ufffd", "a" * 300 + " b", "\x01 \x02 \x03 \x04 \x05 one two three four",
]  # fmt: skip


def test_reading_word_by_word_gives_the_tokens_of_the_whole_text():
    tokenizer = (find_model("bundled", Path("/")).path / "tokenizer.json").read_text()
    by_word, whole = PieceReader(tokenizer), PieceReader(tokenizer)
    assert by_word._by_word
    whole._by_word = False
    for reader in (by_word, whole):
        reader._tokenizer.no_truncation()
        reader._tokenizer.no_padding()
    for limit in (3, 1000):
        found, expected = by_word.read(NASTY, limit), whole.read(NASTY, limit)
        for part in ("ids", "starts", "lengths", "truncated"):
            np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
