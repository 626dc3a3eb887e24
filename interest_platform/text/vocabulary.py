"""What is known of a language's words: its stop words, its stemmer, its contractions."""

from functools import cache
from unicodedata import normalize

# Code to the algorithm's name in Snowball (https://snowballstem.org).
SNOWBALL = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

# The list for English was collected from web pages and holds these; they are what people are interested in.
_ENGLISH_NOUNS = (
    "bill computer fire invention microsoft mill mug netscape novel research ring room rooms shed shell system web "
    "wells"
)
_CONTENT_WORDS = {"en": frozenset(_ENGLISH_NOUNS.split())}

# `l'avion`, `dell'arte`: what stands before the apostrophe is an article or a pronoun.
ELISIONS = {
    "ca": r"^(?:l|d|s|n|m|t)'",
    "fr": r"^(?:l|d|j|m|t|s|n|c|qu|jusqu|lorsqu|puisqu|quoiqu)'",
    "it": r"^(?:l|un|dell|all|dall|nell|sull|coll|quell|quest|d|c|m|t|s|v|n|gl|degl|tutt)'",
}
# `bob's`, `it'll`: what stands after it is.
CONTRACTIONS = {"en": r"'(?:s|d|ll|re|ve|m|t)$"}


@cache
def stop_words(code: str) -> frozenset[str]:
    """Lower-case stop words of a language, also as typed without their apostrophes (`dont`); empty where unknown."""
    from stopwordsiso import stopwords

    words = {normalize("NFKC", word).lower().replace("’", "'") for word in stopwords(code)}
    words |= {word.replace("'", "") for word in words}
    return frozenset(words - _CONTENT_WORDS.get(code, frozenset()))


def stems(code: str, words: list[str]) -> list[str]:
    """The Snowball stem of each word; the words themselves where the language has no stemmer."""
    if code not in SNOWBALL:
        return words
    import snowballstemmer

    # One native call for the whole list: snowballstemmer hands it to PyStemmer, which is installed beside it.
    return [
        stem or word for stem, word in zip(snowballstemmer.stemmer(SNOWBALL[code]).stemWords(words), words, strict=True)
    ]
