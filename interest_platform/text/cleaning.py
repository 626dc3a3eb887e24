"""From accepted texts to `cleaned_tokens`: one row out for each row in, whatever is left of the text."""

import polars as pl

from interest_platform.configuration import TextSettings
from interest_platform.domain.tables import CLEANED_TOKENS
from interest_platform.errors import ContractError
from interest_platform.text.addresses import host_only
from interest_platform.text.characters import legible, one_line
from interest_platform.text.hashing import text_hashes
from interest_platform.text.language import chosen_languages, languages
from interest_platform.text.mail import own_words
from interest_platform.text.markup import without_markup
from interest_platform.text.rules import Rule, apply_rules
from interest_platform.text.words import forms_of, words_of

_INPUT: dict[str, pl.DataType] = {
    "text_id": pl.String(),
    "text": pl.String(),
    "lang": pl.String(),
    "vector": pl.List(pl.Float32),
}
_OUTPUT = {column.name: column.type.polars for column in CLEANED_TOKENS.body}
_ROWS_AT_ONCE = 20_000

_REPLY_PREFIX = Rule(r"(?i)^\s*(?:(?:re|fwd?|aw|wg|sv)(?:\[\d+\])?[ \t]*:\s*)+")


def clean(texts: pl.DataFrame, settings: TextSettings) -> pl.DataFrame:
    """The body of `cleaned_tokens` for `text_id`, `text`, `lang` (as stated) and `vector`; all but `text_id` nullable.

    `lang` and `vector` may be absent. Rows come out in their order; a text of which nothing remains has clean_text ''
    and no tokens. Memory beyond the result is bounded: rows are worked on 20,000 at a time. Raises `ContractError`
    where `text_id` or `text` is missing, `SettingsError` where `settings.languages` is not allowed.
    """
    chosen_languages(settings)
    given = _input(texts)
    parts = [_clean(part, settings) for part in given.iter_slices(_ROWS_AT_ONCE)]
    return pl.concat(parts) if parts else pl.DataFrame(schema=_OUTPUT)


def clean_texts(texts: pl.Series) -> pl.Series:
    """The author's own words of each text in one line: no markup, quotes, signatures or addresses; NFKC."""
    texts = own_words(legible(without_markup(texts.fill_null(""))))
    return apply_rules(one_line(host_only(texts)), (_REPLY_PREFIX,))


def _input(texts: pl.DataFrame) -> pl.DataFrame:
    if missing := sorted({"text_id", "text"} - set(texts.columns)):
        raise ContractError(f"texts to clean: missing columns {missing}; clean takes {list(_INPUT)}")
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in _INPUT.items() if name not in texts.columns]
    return texts.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in _INPUT.items())


def _clean(texts: pl.DataFrame, settings: TextSettings) -> pl.DataFrame:
    cleaned = clean_texts(texts["text"])
    told = languages(cleaned, texts["lang"], settings)
    result = texts.select("text_id").with_columns(lang=told, clean_text=cleaned)
    result = result.with_columns(tokens=_tokens(result, settings), text_hash=text_hashes(cleaned, texts["vector"]))
    result = result.with_columns(n_tokens=pl.col("tokens").list.len())
    return result.select(pl.col(name).cast(dtype) for name, dtype in _OUTPUT.items())


def _tokens(cleaned: pl.DataFrame, settings: TextSettings) -> pl.Series:
    """Each row's tokens in the order of the text; only distinct words are looked up and stemmed."""
    words = words_of(cleaned)
    forms = forms_of(words, settings).select("lang", "word", "token")
    kept = words.join(forms, on=["lang", "word"], how="inner", maintain_order="left")
    lists = kept.group_by("row", maintain_order=True).agg(tokens="token")
    rows = pl.DataFrame({"row": pl.int_range(cleaned.height, dtype=pl.UInt32, eager=True)})
    joined = rows.join(lists, on="row", how="left", maintain_order="left")
    return joined["tokens"].fill_null(pl.Series([[]], dtype=pl.List(pl.String)))
