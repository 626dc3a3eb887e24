import socket

import polars as pl
import pytest

from interest_platform.configuration import TextSettings
from interest_platform.errors import SettingsError
from interest_platform.text import clean
from interest_platform.text.codes import normal_code
from interest_platform.text.language import languages

SENTENCES = {
    "en": "The weather is lovely today and we are going for a long walk by the river.",
    "de": "Heute ist das Wetter schön, und wir gehen lange am Fluss spazieren.",
    "fr": "Le temps est magnifique aujourd'hui et nous allons nous promener au bord de la rivière.",
    "es": "Hoy hace muy buen tiempo y vamos a dar un largo paseo junto al río.",
    "ru": "Сегодня прекрасная погода, и мы идём гулять вдоль реки.",
    "ar": "الطقس جميل اليوم وسنذهب في نزهة طويلة على ضفاف النهر.",
    "zh": "今天天气很好,我们去河边散步。",
    "ja": "今日は天気がいいので、川沿いを散歩します。",
    "ko": "오늘은 날씨가 좋아서 강가를 산책합니다.",
    "th": "วันนี้อากาศดีมาก เราจะไปเดินเล่นริมแม่น้ำ",
    "el": "Ο καιρός είναι υπέροχος σήμερα και θα πάμε μια μεγάλη βόλτα.",
}


def told(texts, stated=None, **settings):
    given = pl.Series(stated or [None] * len(texts), dtype=pl.String)
    return languages(pl.Series(texts, dtype=pl.String), given, TextSettings(**settings)).to_list()


def test_the_language_is_told_for_each_text():
    assert told(list(SENTENCES.values())) == list(SENTENCES)


def test_a_stated_language_wins_and_nonsense_is_ignored():
    text = SENTENCES["en"]
    stated = ["de-AT", "EN_us.UTF-8", "yue", "nb", "english", "xx", "", None]
    assert told([text] * 8, stated) == ["de", "en", "zh", "no", "en", "en", "en", "en"]


@pytest.mark.parametrize("text", ["", "ok", "12345 ... 67", "!!!", "茶", "x y z", "@ # π"])
def test_what_tells_nothing_is_und(text):
    assert told([text]) == ["und"]


def test_a_short_text_in_a_script_of_its_own_is_told():
    assert told(["很好", "すごい", "좋아요"]) == ["zh", "ja", "ko"]


def test_a_chinese_quotation_leaves_an_english_text_english():
    assert told([SENTENCES["en"] + " 天气 " + SENTENCES["en"]]) == ["en"]


def test_rulers_numbers_and_paths_before_the_text_do_not_hide_its_language():
    noise = "----------------- 1.2.3 /usr/lib/x11 example.org +---+ ======== "
    assert told([noise + SENTENCES["en"], noise + SENTENCES["de"]]) == ["en", "de"]


def test_one_language_is_every_texts():
    assert told([SENTENCES["de"], "", "茶"], ["fr", None, None], languages=["en"]) == ["en"] * 3


def test_of_several_languages_only_those_are_told():
    texts = [SENTENCES["de"], SENTENCES["en"], SENTENCES["zh"], SENTENCES["ru"]]
    assert told(texts, languages=["en", "de"]) == ["de", "en", "und", "und"]
    assert told(texts, languages=["zh", "de-AT"]) == ["de", "und", "zh", "und"]


def test_a_stated_language_outside_the_choice_is_und():
    assert told([SENTENCES["en"]] * 2, ["fr", "de"], languages=["en", "de"]) == ["und", "de"]


@pytest.mark.parametrize(("chosen", "named"), [([], r"\[\]"), (["en", "klingon"], "klingon"), (["xx"], "xx")])
def test_a_choice_that_is_no_language_is_one_clear_error(chosen, named):
    with pytest.raises(SettingsError, match=rf"text\.languages: '?{named}.*ISO 639-1"):
        clean(pl.DataFrame({"text_id": ["1"], "text": ["x"]}), TextSettings(languages=chosen))


def test_codes_are_read_in_their_usual_spellings():
    spellings = {"EN": "en", " pt-BR ": "pt", "zh_Hant": "zh", "cmn": "zh", "iw": "he", "in": "id", "sh": "sr"}
    assert {code: normal_code(code) for code in spellings} == spellings
    assert [normal_code(code) for code in ("eng", "c", "und", "unknown", "1", "e-n")] == [None] * 6


def test_nothing_is_downloaded(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("telling a language opened a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert told(["A text that no other test has asked about, in plain English words."]) == ["en"]
