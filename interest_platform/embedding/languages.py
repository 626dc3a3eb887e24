"""Whether an encoder knows the languages of its texts, and which encoder does.

Where a model states its languages, that decides. Where it states none, its tokenizer tells: a script that it never
learnt falls apart into unknown tokens and single letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import polars as pl
import yaml

from interest_platform.embedding.strange_tokens import StrangeTokens
from interest_platform.embedding.usem_files import LANGUAGES as MULTILINGUAL
from interest_platform.text.codes import UNDETERMINED, normal_code

STRANGE_SHARE = 0.5
"""A language with more strange tokens is not known. With the bundled English model (300 texts
of English and of Chinese, a sentence or two of each other language): English and other
languages in Latin letters .08 to .35, Chinese .74, Russian, Greek, Arabic, Hebrew, Hindi, Thai, Korean and Japanese .94
to 1; Chinese with the multilingual one .01."""

_NO_ENCODER = (
    "name a model made for it as encoder.model, or take encoder.kind tfidf or word2vec, which learn from your own texts"
)
_SAMPLE = 30
_RARE = 0.01


@runtime_checkable
class LanguageAware(Protocol):
    """An encoder that can tell which languages it knows."""

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of what it was trained on; None where that is not stated."""

    @property
    def strange_tokens(self) -> StrangeTokens | None:
        """Counts what its tokenizer can't read; None where it can't be asked. Loads no weights."""


@dataclass(frozen=True)
class LanguageReading:
    """How an encoder reads the texts of one language."""

    language: str
    texts: int
    share: float
    """Of all texts."""
    strange: float | None
    """Share of the tokens that are unknown or single letters, on up to 30 texts; None: not looked at."""
    known: bool | None
    """None: can't be told."""


def read_languages(encoder: object, texts: pl.DataFrame) -> list[LanguageReading]:
    """A reading a language of `text_hash, clean_text, lang` (ISO 639-1 or `und`), the most frequent first.

    Empty where the encoder is not `LanguageAware`. Tokens are looked at in languages of 1 % of the texts or more.
    """
    if not isinstance(encoder, LanguageAware):
        return []
    counts = texts["lang"].value_counts(name="texts").sort(["texts", "lang"], descending=[True, False])
    return [_reading(encoder, texts, language, count) for language, count in counts.iter_rows()]


def unknown_share(readings: Sequence[LanguageReading]) -> float:
    """Share of the texts in languages that are not known."""
    return sum((r.share for r in readings if r.known is False), 0.0)


def advice(readings: Sequence[LanguageReading]) -> str:
    """Which languages are not known, how that shows, and what knows them; empty where all are."""
    unknown = [r for r in readings if r.known is False]
    if not unknown:
        return ""
    served = [r.language for r in unknown if r.language in MULTILINGUAL]
    others = [r.language for r in unknown if r.language not in MULTILINGUAL]
    ways = []
    if served:
        ways.append(f"encoder.kind multilingual knows {', '.join(served)}")
    if others:
        ways.append(f"for {', '.join(others)} {_NO_ENCODER}")
    return f"the encoder does not know {', '.join(_shown(r) for r in unknown[:5])}: {'; '.join(ways)}"


def card_languages(folder: Path) -> frozenset[str] | None:
    """The languages that a model's card states, the YAML on top of README.md; None where it states no codes."""
    file = folder / "README.md"
    parts = file.read_text(encoding="utf-8", errors="replace").split("---", 2) if file.is_file() else []
    if len(parts) < 3 or parts[0].strip():
        return None
    try:
        card = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return None
    stated = card.get("language") if isinstance(card, dict) else None
    names = stated if isinstance(stated, list) else [] if stated is None else [stated]
    codes = [normal_code("no" if name is False else str(name)) for name in names]  # YAML reads Norwegian's as false
    # a name that is no code, such as "multilingual", may stand for any language
    return frozenset(code for code in codes if code) if codes and None not in codes else None


def _reading(encoder: LanguageAware, texts: pl.DataFrame, language: str, count: int) -> LanguageReading:
    share, strange = count / texts.height, None
    if share >= _RARE and (tokens := encoder.strange_tokens) is not None:
        sample = texts.filter(pl.col("lang") == language).sort("text_hash")["clean_text"].head(_SAMPLE)
        strange = tokens.share(sample.to_list())
    known = None
    if language != UNDETERMINED:
        if encoder.languages is not None:
            known = language in encoder.languages
        elif strange is not None:
            known = strange <= STRANGE_SHARE
    return LanguageReading(language, count, share, strange, known)


def _shown(reading: LanguageReading) -> str:
    tokens = f", {reading.strange:.0%} of the tokens unknown or single letters" if reading.strange is not None else ""
    return f"{reading.language} ({reading.share:.0%} of the texts{tokens})"
