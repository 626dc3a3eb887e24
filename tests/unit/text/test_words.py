import polars as pl
import pytest

from interest_platform.configuration import TextSettings
from interest_platform.text import clean
from interest_platform.text.vocabulary import SNOWBALL, stems, stop_words

PLAIN = TextSettings(stem=False, stop_words=False)
NO_STEMS = TextSettings(stem=False)


def tokens(text, lang="en", settings=PLAIN):
    return clean(pl.DataFrame({"text_id": ["1"], "text": [text], "lang": [lang]}), settings)["tokens"][0].to_list()


def test_words_are_lower_case_in_their_order_with_repeats():
    assert tokens("Red tea, GREEN tea - Zürich's naïve café") == [
        "red",
        "tea",
        "green",
        "tea",
        "zürich",
        "naïve",
        "café",
    ]


def test_numbers_go_and_words_with_digits_stay():
    assert tokens("42 3.14 1,000 mp3 2nd ½ 10-20 covid19") == ["mp3", "2nd", "covid19"]


def test_words_have_2_to_40_characters():
    assert tokens(f"a bc {'d' * 40} {'e' * 41} x") == ["bc", "d" * 40]


def test_hosts_are_one_word_and_a_missing_space_makes_none():
    assert tokens("see https://www.example.co.uk/a and docs.example.org.") == [
        "see", "example.co.uk", "and", "docs.example.org",
    ]  # fmt: skip
    assert tokens("works great.It is cheap.Nice") == ["works", "great", "it", "is", "cheap", "nice"]


def test_stop_words_go_in_every_spelling_of_their_apostrophe():
    assert tokens("I don't, don’t and dont like it's taste", settings=NO_STEMS) == ["taste"]


def test_contractions_and_elisions_leave_the_word():
    assert tokens("the cat's tail, they'll bark", settings=NO_STEMS) == ["cat", "tail", "bark"]
    assert tokens("l'avion d'argent qu'Hélène", "fr", NO_STEMS) == ["avion", "argent", "hélène"]
    assert tokens("dell'arte l’albero", "it", NO_STEMS) == ["arte", "albero"]


def test_nouns_that_the_english_list_holds_stay():
    assert tokens("a computer and a shell in the mug", settings=NO_STEMS) == ["computer", "shell", "mug"]


def test_stop_words_go_before_stemming():
    """`being` is a stop word, its stem `be` is what `bees` would never be."""
    assert tokens("being bees doing", settings=TextSettings()) == ["bee"]


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "running runners easily apples", ["run", "runner", "easili", "appl"]),
        ("de", "Häuser schöne Bücher", ["haus", "schon", "buch"]),
        ("fr", "chevaux mangeons", ["cheval", "mangeon"]),
        ("ru", "книги читали", ["книг", "чита"]),
        ("zh", "running", ["running"]),
        ("und", "running the houses", ["running", "the", "houses"]),
    ],
)
def test_stems_are_those_of_the_texts_language(lang, text, expected):
    settings = TextSettings(languages=[lang]) if lang != "und" else TextSettings(languages=["fi", "is"])
    assert tokens(text, None, settings) == expected


def test_a_host_is_not_stemmed():
    assert tokens("https://running.horses.com", settings=TextSettings()) == ["running.horses.com"]


def test_every_stemmer_is_there_and_is_the_native_one():
    import snowballstemmer

    assert type(snowballstemmer.stemmer("english")).__module__ == "Stemmer"
    assert set(SNOWBALL.values()) <= set(snowballstemmer.algorithms())
    assert all(stems(code, ["a", "tests"]) for code in SNOWBALL)


def test_chinese_is_cut_into_words():
    assert tokens("我来到北京清华大学。买茶", "zh") == ["我", "来到", "北京", "清华大学", "买", "茶"]
    assert tokens("我喜欢北京的咖啡", "zh", NO_STEMS) == ["喜欢", "北京", "咖啡"]


def test_chinese_words_do_not_depend_on_the_other_texts():
    """The segmenter is called once for all of them."""
    texts = ["研究生命起源", "南京市长江大桥", "苹果手机。小米手机", "茶", ""]
    together = clean(pl.DataFrame({"text_id": list("abcde"), "text": texts}), TextSettings(languages=["zh"]))
    assert together["tokens"].to_list() == [tokens(t, None, TextSettings(languages=["zh"])) for t in texts]


def test_a_text_of_two_scripts_is_cut_where_the_script_changes():
    assert tokens("买了iPhone手机", "zh") == ["买", "了", "iphone", "手机"]


def test_japanese_is_cut_at_changes_of_script_without_its_grammar():
    assert tokens("東京でコーヒーを飲みます", "ja") == ["東京", "コーヒー", "飲"]


def test_combining_marks_and_joiners_belong_to_the_word():
    assert tokens("हिन्दी भाषा", "hi") == ["हिन्दी", "भाषा"]
    assert tokens("می\u200cخواهم", "fa") == ["می\u200cخواهم"]


def test_stop_words_of_an_unknown_language_are_none():
    assert stop_words("und") == frozenset()
