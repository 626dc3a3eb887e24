"""Codes of languages: ISO 639-1, and how other spellings of them are read."""

from collections.abc import Iterable

UNDETERMINED = "und"
"""ISO 639-2's code for a language that can't be told."""

_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu "
    "ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na "
    "nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so "
    "sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
ISO_639_1 = frozenset(_CODES.split())

# Retired codes, and members of a language that share its stop words, stemmer and segmenter.
_ALIASES = {
    "arz": "ar",
    "cmn": "zh",
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "nb": "no",
    "nn": "no",
    "sh": "sr",
    "wuu": "zh",
    "yue": "zh",
}


def normal_code(code: str) -> str | None:
    """The ISO 639-1 code of a stated language (`en-US`, `EN_gb.UTF-8`, `zh-Hant`), or None for what is no code.

    >>> [normal_code(c) for c in ("en-US", "yue", "nb", "english", "")]
    ['en', 'zh', 'no', None, None]
    """
    main = code.strip().lower().replace("_", "-").replace(".", "-").split("-")[0]
    main = _ALIASES.get(main, main)
    return main if main in ISO_639_1 else None


def normal_codes(codes: Iterable[str]) -> dict[str, str]:
    """Each spelling that is a code, with the code."""
    return {code: normal for code in codes if (normal := normal_code(code))}
