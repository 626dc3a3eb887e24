"""Token ids of many texts at once, for encoders to which tokenising is all the cost there is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

_BLANKS = r"[ \t\n\r]+"
_BY_WORD = ("BertNormalizer", "BertPreTokenizer", "WordPiece")


@dataclass(frozen=True)
class Pieces:
    """The tokens of n texts, one after the other."""

    ids: np.ndarray
    """(t,) int64."""
    starts: np.ndarray
    """(n,) int64: where each text begins."""
    lengths: np.ndarray
    """(n,) int64."""
    truncated: np.ndarray
    """(n,) bool."""


class PieceReader:
    """Texts to `Pieces` by a tokenizer of the Rust library `tokenizers`, without its markers.

    Tokenizers of the BERT kind read a text word by word, so each distinct word is tokenised once: on posts that takes a
    tenth of the time. Others read text by text.
    """

    def __init__(self, tokenizer: str) -> None:
        """From the tokenizer's JSON."""
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_str(tokenizer)
        content = json.loads(tokenizer)
        parts = ("normalizer", "pre_tokenizer", "model")
        self._by_word = tuple((content.get(part) or {}).get("type") for part in parts) == _BY_WORD

    def read(self, texts: Sequence[str], limit: int) -> Pieces:
        """The first `limit` tokens of each text."""
        ids, lengths = self._words(texts, limit) if self._by_word else self._tokens(list(texts))
        starts = np.cumsum(lengths) - lengths
        kept = np.minimum(lengths, limit)
        if (lengths > limit).any():
            place = np.arange(len(ids)) - np.repeat(starts, lengths)
            ids = ids[place < limit]
        return Pieces(ids, np.cumsum(kept) - kept, kept, lengths > limit)

    def _words(self, texts: Sequence[str], limit: int) -> tuple[np.ndarray, np.ndarray]:
        """As `_tokens`; of a text with more than `limit` tokens only so many that one can see it."""
        # the tokenizer deletes other control characters and splits at other blanks itself
        split = pl.Series("word", texts, pl.String).str.replace_all(_BLANKS, " ").str.strip_chars(" ").str.split(" ")
        ids, lengths = self._of_words(split.list.head(limit + 1))
        # a word of control characters alone has no token: then the words so far may not have been enough
        if ((split.list.len().to_numpy() > limit + 1) & (lengths <= limit)).any():
            return self._of_words(split)
        return ids, lengths

    def _of_words(self, split: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        frame = pl.DataFrame({"row": pl.int_range(len(split), eager=True), "word": split}).explode("word")
        distinct = frame.select("word").unique().with_row_index("i")
        places = frame.join(distinct, on="word", how="left", maintain_order="left")
        ids, lengths = self._tokens(distinct["word"].to_list())
        word = places["i"].to_numpy().astype(np.int64)
        of_words = lengths[word]
        before = np.cumsum(of_words) - of_words
        begin = (np.cumsum(lengths) - lengths)[word]
        flat = ids[np.repeat(begin - before, of_words) + np.arange(of_words.sum())]
        counts = np.bincount(frame["row"].to_numpy(), weights=of_words, minlength=len(split)).astype(np.int64)
        return flat, counts

    def _tokens(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        lengths = np.fromiter((len(ids) for ids in found), dtype=np.int64, count=len(found))
        ids = np.fromiter((i for ids in found for i in ids), dtype=np.int64, count=int(lengths.sum()))
        return ids, lengths
