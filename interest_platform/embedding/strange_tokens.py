"""How much of a text a tokenizer can't read: what a model never learnt arrives as unknown or as single letters."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import polars as pl

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_MOST_CHARS = 1_000
_HAN = r"^\p{Han}$"


class StrangeTokens:
    """Counts them by a tokenizer of the Rust library `tokenizers`.

    A token is strange where it is unknown, a part of one character, or one letter. A Chinese character is none: it says
    as much as two or three letters, and models made for Chinese read it so.
    """

    def __init__(self, tokenizer: "Tokenizer", before: Callable[[str], str] = str) -> None:
        """`before` is done to a text before the tokenizer reads it."""
        self._tokenizer = tokenizer
        self._before = before
        self._unknown = _unknown_id(tokenizer)

    @classmethod
    def of_folder(cls, folder: Path) -> Optional["StrangeTokens"]:
        """Of a model's tokenizer.json; None where there is none."""
        from tokenizers import Tokenizer

        if not (file := folder / "tokenizer.json").is_file():
            return None
        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(tokenizer)

    def share(self, texts: Sequence[str]) -> float | None:
        """Of the tokens with a letter in the first 1,000 characters of each text; None where there is no such token."""
        read = [self._before(text[:_MOST_CHARS]) for text in texts]
        found: Counter[tuple[str, bool, bool]] = Counter()
        for text, encoding in zip(read, self._tokenizer.encode_batch(read, add_special_tokens=False), strict=True):
            found.update(self._tokens(text, encoding))
        rows = [(piece, unknown, part, count) for (piece, unknown, part), count in found.items()]
        tokens = pl.DataFrame(rows, ["piece", "unknown", "part", "count"], orient="row").filter(
            pl.col("piece").str.contains(r"\p{L}")
        )
        if tokens.is_empty():
            return None
        one_letter = (pl.col("piece").str.len_chars() == 1) & ~pl.col("piece").str.contains(_HAN)
        strange = tokens.filter(pl.col("unknown") | pl.col("part") | one_letter)
        return int(strange["count"].sum()) / int(tokens["count"].sum())

    def _tokens(self, text: str, encoding: "Encoding") -> list[tuple[str, bool, bool]]:
        """Of each token what it stands for in the text, whether it is unknown, whether it is a part of a character."""
        spans = encoding.offsets
        times = Counter(spans)
        return [
            (text[start:end].strip(), number == self._unknown, end - start == 1 and times[start, end] > 1)
            for number, (start, end) in zip(encoding.ids, spans, strict=True)
        ]


def _unknown_id(tokenizer: "Tokenizer") -> int | None:
    model = json.loads(tokenizer.to_str())["model"]
    if "unk_id" in model:
        return model["unk_id"]
    return tokenizer.token_to_id(model["unk_token"]) if model.get("unk_token") else None
