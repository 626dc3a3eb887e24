"""How much of each text is in a user's vector: as it was, as it is, and in the two worlds between."""

import numpy as np
import polars as pl

from interest_platform.dynamics.sides import Side
from interest_platform.interests.decay import counted_texts, one_a_text, text_shares
from interest_platform.interests.vectors import as_matrix

STATES = ("was", "decayed", "joined", "now")
"""The user's vector before; with time gone by but nothing written; with what was written but no time gone by; after."""

_KEY = ["user_key", "window_start", "text_hash"]


def texts_in_states(
    texts: pl.DataFrame, vectors: pl.DataFrame, before: Side, after: Side, half_life_days: float
) -> tuple[pl.DataFrame, np.ndarray]:
    """Each (user, window, text) with its text_id, its vector's `row`, and its share in each of `STATES`.

    Shares are those of `interests.decay`: a user's vector is the sum of share x text vector, in `decayed` zero where
    no text is left. The frame is sorted by user, window and hash; the second value holds the vectors, (n, d). A text
    repeated within a window counts once and is told by its latest row (ties: the smallest text_id). Of a user with
    several interests only the texts of the strongest have a share: before of the strongest then, after of the one now.
    Old texts that only the latter has thus enter between `decayed` and `now` and between `joined` and `now` alike.
    """
    known = one_a_text(vectors)
    matrix = as_matrix(known["vector"])
    old, current = before.texts(texts), after.texts(texts)
    was_there = before.looked_back_on(texts).select(_KEY[1]).unique()
    written = current.join(was_there, on=_KEY[1], how="anti")
    # old texts keep their weight where the clock stands still: they are as old at the new end as they were at the last
    still = old.with_columns(pl.col("ts") + (after.window.end - before.window.end))
    still_back = after.looked_back_on(old)
    worlds = (old, still_back, pl.concat([still, written]), current)
    frame = _latest(pl.concat([old, current]).unique()).join(known.select("text_hash", "row"), on="text_hash")
    for name, world in zip(STATES, worlds, strict=True):
        counted = counted_texts(world, known, 1, half_life_days)
        shares = counted.select(*_KEY, pl.Series(name, text_shares(counted, matrix), pl.Float64))
        frame = frame.join(shares, on=_KEY, how="left").with_columns(pl.col(name).fill_null(0.0))
    return frame.sort(_KEY), matrix


def _latest(texts: pl.DataFrame) -> pl.DataFrame:
    ranked = texts.sort(*_KEY, "ts", "text_id", descending=[False, False, False, True, False])
    return ranked.unique(_KEY, keep="first", maintain_order=True).select(*_KEY, "text_id")
