"""Words of a text in their order, and what becomes of each distinct one: dropped, or a form and its token."""

import polars as pl

from interest_platform.configuration import TextSettings
from interest_platform.text.vocabulary import CONTRACTIONS, ELISIONS, stems, stop_words

MIN_CHARS, MAX_CHARS = 2, 40
"""Length of a token; a single Chinese character is a word of its own."""

_TOP_DOMAINS = (
    "com|org|net|edu|gov|mil|int|info|biz|name|pro|aero|coop|museum|io|ai|app|dev|xyz|blog|shop|online|site|cloud|tech"
    "|[a-z]{2}"
)
# At most 63 characters, as in DNS; the bounds keep `a.a.a.a...` and `a-a-a-...` linear.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_APOSTROPHE = "['’ʼ]"
_ALPHABETIC = r"[\p{L}\p{N}--[\p{Han}\p{Katakana}ー]]"
_INNER = r"[[\p{L}\p{M}\p{N}\x{200C}\x{200D}]--[\p{Han}\p{Katakana}ー]]"

# In this order: a host, a run of Chinese characters, a run of katakana, a word of any other script.
_WORD = (
    rf"(?:{_LABEL}\.){{1,8}}(?:{_TOP_DOMAINS})(?-u:\b)"
    r"|[\p{Han}]+|[\p{Katakana}ー\p{M}]*[\p{Katakana}ー]"
    rf"|{_ALPHABETIC}{_INNER}*(?:{_APOSTROPHE}{_ALPHABETIC}{_INNER}*)*"
)
_HAN_RUN = r"^\p{Han}+$"
_HOST = r"^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$"


def words_of(cleaned: pl.DataFrame) -> pl.DataFrame:
    """Every word of `clean_text` in order: `row` (position in the frame), `lang`, `word` (as written).

    Hosts are one word. Chinese is cut by rjieba; Japanese at changes of script only (no segmenter is bundled), Thai and
    its like at spaces only.
    """
    rows = cleaned.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "lang", word=pl.col("clean_text").str.extract_all(_WORD)
    )
    words = rows.filter(pl.col("word").list.len() > 0).explode("word")
    return _with_chinese_cut(words)


def forms_of(words: pl.DataFrame, settings: TextSettings) -> pl.DataFrame:
    """What becomes of each distinct (`lang`, `word`): `form` (lower case, contractions undone) and `token`.

    The token is the form's stem where the settings ask for stems. Words without a letter, too short or too long, and
    stop words where the settings drop them, are left out.
    """
    distinct = words.select("lang", "word").unique()
    lower = pl.col("word").str.to_lowercase().str.replace_all(_APOSTROPHE, "'")
    forms = distinct.with_columns(form=lower).filter(_may_be_token("form"))
    forms = _without_stop_words(forms, settings).with_columns(form=_uncontracted())
    forms = _without_stop_words(forms, settings).filter(_may_be_token("form"))
    return _with_tokens(forms, settings)


def _with_chinese_cut(words: pl.DataFrame) -> pl.DataFrame:
    runs = words.filter((pl.col("lang") != "ja") & pl.col("word").str.contains(_HAN_RUN)).select("word").unique()
    if runs.is_empty():
        return words
    cut = _cut(runs["word"])
    pieces = pl.when(pl.col("lang") != "ja").then("pieces")
    joined = words.join(cut, on="word", how="left", maintain_order="left")
    return joined.select("row", "lang", word=pl.coalesce(pieces, pl.concat_list("word"))).explode("word")


def _cut(runs: pl.Series) -> pl.DataFrame:
    """Each run of Chinese characters with its words: one call of the segmenter for all of them, one run a line."""
    import rjieba

    pieces = pl.DataFrame({"piece": rjieba.cut("\n".join(runs.to_list()))})
    line = (pl.col("piece") == "\n").cum_sum().alias("line")
    lines = pieces.select(line, "piece").filter(pl.col("piece") != "\n")
    lists = lines.group_by("line", maintain_order=True).agg(pieces="piece")
    return pl.DataFrame({"word": runs, "pieces": lists.sort("line")["pieces"]})


def _may_be_token(column: str) -> pl.Expr:
    """Holds a letter, and is of a token's length."""
    form = pl.col(column)
    length = form.str.len_chars()
    long_enough = (length >= MIN_CHARS) | form.str.contains(_HAN_RUN)
    japanese_grammar = (pl.col("lang") == "ja") & form.str.contains(r"^\p{Hiragana}+$")
    return form.str.contains(r"\p{L}") & long_enough & (length <= MAX_CHARS) & ~japanese_grammar


def _without_stop_words(forms: pl.DataFrame, settings: TextSettings) -> pl.DataFrame:
    if not settings.stop_words:
        return forms
    codes = forms["lang"].unique().sort().to_list()
    stops = [
        pl.DataFrame({"lang": code, "form": sorted(stop_words(code))}, schema={"lang": pl.String, "form": pl.String})
        for code in codes
        if stop_words(code)
    ]
    return forms.join(pl.concat(stops), on=["lang", "form"], how="anti") if stops else forms


def _uncontracted() -> pl.Expr:
    form = pl.col("form")
    for code, pattern in (*ELISIONS.items(), *CONTRACTIONS.items()):
        form = pl.when(pl.col("lang") == code).then(form.str.replace(pattern, "")).otherwise(form)
    return form


def _with_tokens(forms: pl.DataFrame, settings: TextSettings) -> pl.DataFrame:
    forms = forms.with_columns(token=pl.col("form"))
    if not settings.stem or forms.is_empty():
        return forms
    parts = forms.partition_by("lang", maintain_order=True)
    return pl.concat(part.with_columns(token=_stemmed(part["lang"][0], part["form"])) for part in parts)


def _stemmed(code: str, forms: pl.Series) -> pl.Series:
    """Stems of one language's forms; a host has none."""
    stemmed = pl.Series(stems(code, forms.to_list()), dtype=pl.String)
    return stemmed.zip_with(~forms.str.contains(_HOST), forms)
