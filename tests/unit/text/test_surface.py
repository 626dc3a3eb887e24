import polars as pl

from interest_platform.configuration import TextSettings
from interest_platform.text import class_terms, clean, surface_forms, with_surface_forms

DEFAULT = TextSettings()


def cleaned(*texts, lang="en"):
    frame = pl.DataFrame({"text_id": [str(i) for i in range(len(texts))], "text": texts, "lang": [lang] * len(texts)})
    return clean(frame, DEFAULT)


def test_a_stem_is_read_as_its_most_frequent_word():
    forms = surface_forms(cleaned("Apples and apples", "an apple's taste", "tastes of taste, apples"), DEFAULT)
    assert forms.rows() == [("en", "appl", "apples", 4), ("en", "tast", "taste", 3)]


def test_of_equally_frequent_words_the_shortest_is_read():
    assert surface_forms(cleaned("brewing brewed brews"), DEFAULT)["form"].to_list() == ["brews"]


def test_every_token_has_one_form_and_uses_add_up_to_the_tokens():
    frame = pl.concat([cleaned("running horses run", "the horse's run"), cleaned("laufende Pferde", lang="de")])
    forms = surface_forms(frame, DEFAULT)
    tokens = frame.select("lang", token="tokens").explode("token")
    assert forms.select("lang", "token").equals(tokens.unique().sort("lang", "token"))
    assert forms["uses"].sum() == frame["n_tokens"].sum()


def test_top_terms_are_shown_as_words():
    frame = cleaned("apples apples", "apples, tasty", "tasty")
    terms = class_terms(frame.select("tokens", class_id=pl.lit(0)))
    assert terms["top_terms"].to_list() == [["appl", "tasti"]]
    assert with_surface_forms(terms, surface_forms(frame, DEFAULT))["top_terms"].to_list() == [["apples", "tasty"]]


def test_a_token_of_two_languages_is_read_as_in_the_one_that_uses_it_most():
    forms = pl.DataFrame({"lang": ["de", "en"], "token": ["gift"] * 2, "form": ["gifte", "gifts"], "uses": [1, 5]})
    terms = pl.DataFrame({"class_id": [0], "top_terms": [["gift", "unknown"]]})
    assert with_surface_forms(terms, forms)["top_terms"].to_list() == [["gifts", "unknown"]]


def test_two_tokens_that_read_the_same_are_named_once():
    forms = pl.DataFrame({"lang": ["de", "en"], "token": ["a", "b"], "form": ["x", "x"], "uses": [1, 1]})
    terms = pl.DataFrame({"class_id": [0], "top_terms": [["a", "c", "b"]]})
    assert with_surface_forms(terms, forms)["top_terms"].to_list() == [["x", "c"]]


def test_no_text_gives_no_form():
    empty = surface_forms(cleaned("", ""), DEFAULT)
    assert empty.columns == ["lang", "token", "form", "uses"]
    assert empty.height == 0
    terms = pl.DataFrame({"class_id": [0], "top_terms": [[]]}, schema_overrides={"top_terms": pl.List(pl.String)})
    assert with_surface_forms(terms, empty).equals(terms)
