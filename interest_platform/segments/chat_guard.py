"""What a chat model's answer must be to name a segment: short, plain, in the language, without certain words."""

import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interest_platform.configuration import ChatSettings

TOLD_FROM = 4
"""Words from which on the language of a name is told by its words; of fewer, its letters alone tell."""

_SCRIPTS = {
    "zh": {"CJK"},
    "yue": {"CJK"},
    "ja": {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"},
    "ko": {"HANGUL", "CJK"},
    "ru": {"CYRILLIC"},
    "uk": {"CYRILLIC"},
    "be": {"CYRILLIC"},
    "bg": {"CYRILLIC"},
    "mk": {"CYRILLIC"},
    "kk": {"CYRILLIC"},
    "sr": {"CYRILLIC", "LATIN"},
    "ar": {"ARABIC"},
    "fa": {"ARABIC"},
    "ur": {"ARABIC"},
    "hi": {"DEVANAGARI"},
    "mr": {"DEVANAGARI"},
    "ne": {"DEVANAGARI"},
    "el": {"GREEK"},
    "he": {"HEBREW"},
    "th": {"THAI"},
}
_LATIN = {"LATIN"}


def name_in(answer: str, settings: "ChatSettings") -> tuple[str | None, str | None]:
    """The name in a model's answer, None where it is refused, and why it is, None where it is not.

    The answer must be a JSON object `{"name": "..."}` and nothing else, a code fence around it aside.
    """
    name = _given(answer)
    if name is None:
        return None, 'is not {"name": "..."}'
    why = _refusal(name, settings)
    return (None, why) if why else (name, None)


def _given(answer: str) -> str | None:
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", answer, re.DOTALL)
    try:
        content = json.loads(fenced[1] if fenced else answer)
    except ValueError:
        return None
    if not isinstance(content, dict) or set(content) != {"name"} or not isinstance(content["name"], str):
        return None
    return content["name"].strip()


def _refusal(name: str, settings: "ChatSettings") -> str | None:
    if not any(c.isalpha() for c in name):
        return "has no letter"
    if len(name) > settings.max_chars:
        return f"has {len(name)} characters, at most {settings.max_chars} are allowed"
    if any(unicodedata.category(c).startswith("C") for c in name) or re.search(r"[<>{}\[\]|`\\]|://|@|www\.", name):
        return "holds markup, an address or a control character"
    if found := next((w for w in settings.forbidden if _has_word(name, w)), None):
        return f"holds the forbidden word {found!r}"
    if not _is_in_language(name, settings.language):
        return f"is not in the language {settings.language}"
    return None


def _has_word(name: str, word: str) -> bool:
    """Whether the word is in the name, in any case; as a whole word where its script has spaces."""
    folded, wanted = (unicodedata.normalize("NFKC", text).casefold() for text in (name, word.strip()))
    if not wanted:
        return False
    edged = all(_script(c) not in {"CJK", "HIRAGANA", "KATAKANA", "THAI"} for c in wanted)
    return bool(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", folded)) if edged else wanted in folded


def _is_in_language(name: str, language: str) -> bool:
    """By script: a Latin language takes Latin letters alone, another one its own, with Latin ones among them."""
    scripts, wanted = {_script(c) for c in name if c.isalpha()}, _SCRIPTS.get(language, _LATIN)
    if not scripts & wanted or scripts - wanted - _LATIN:
        return False
    return len(name.split()) < TOLD_FROM or _told(name) in {language, "und"}


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _told(name: str) -> str:
    import polars as pl

    from interest_platform.configuration import TextSettings
    from interest_platform.text.language import languages

    return str(languages(pl.Series([name.lower()]), pl.Series([None], dtype=pl.String), TextSettings())[0])
