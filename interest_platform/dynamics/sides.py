"""A window as moves of users are told from it: its users' vectors, its centroids, and the windows looked back on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError
from interest_platform.interests.vectors import as_matrix

_PAIR = ["from_segment", "to_segment"]
_ELSEWHERE = {"user_key": pl.String, "text_hash": pl.String}


@dataclass(frozen=True)
class Side:
    """One of the two windows of a move.

    `users` has user_key, segment_id and vector (unit): each user's strongest interest; `centroids` segment_id and
    centroid (unit), a row a segment of the window; `lookback` the loaded windows that the vectors look back on, this
    one included. `elsewhere` has user_key and text_hash of the texts that are in other interests of their users.
    """

    window: Window
    users: pl.DataFrame
    centroids: pl.DataFrame
    lookback: Sequence[Window]
    elsewhere: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_ELSEWHERE))

    def texts(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Those of the texts that count in the window's vectors: of the lookback, and of the strongest interest."""
        return self.looked_back_on(texts).join(self.elsewhere, on=list(_ELSEWHERE), how="anti", maintain_order="left")

    def looked_back_on(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Those of the texts that are of the lookback, of whichever interest."""
        return texts.filter(pl.col("window_start").is_in([w.start for w in self.lookback]))


def moved_users(before: Side, after: Side) -> pl.DataFrame:
    """user_key, from_segment, to_segment of the users of both windows whose segment changed, by user_key."""
    old = before.users.select("user_key", pl.col("segment_id").alias("from_segment"))
    new = after.users.select("user_key", pl.col("segment_id").alias("to_segment"))
    both = old.join(new, on="user_key").filter(pl.col("from_segment") != pl.col("to_segment"))
    return both.sort("user_key")


def directions(moved: pl.DataFrame, before: Side, after: Side) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From the old segment to the new: a number of its pair of segments for each mover, (n,), and for each pair the
    centroid of the new minus that of the old, before and after, both (pairs, d) float64.

    A segment that a window does not have is stood for by the window's centroid nearest to it: the segment that held
    its place. So a newborn segment is measured against what was there before, and a child that lies where its
    parent lay gives no direction at all.
    """
    pairs = (
        moved.select("from_segment", "to_segment").unique().sort("from_segment", "to_segment").with_row_index("pair")
    )
    number = moved.join(pairs, on=["from_segment", "to_segment"], how="left", maintain_order="left")["pair"]
    old, new = _Places(before), _Places(after)
    deltas: list[tuple[np.ndarray, np.ndarray]] = []
    for source, target in pairs.select(_PAIR).iter_rows():
        from_place, to_place = old.of(source), new.of(target)
        deltas.append((old.at(target, to_place) - from_place, to_place - new.at(source, from_place)))
    dimensions = old.matrix.shape[1]
    first, second = (np.array([d[i] for d in deltas]).reshape(len(deltas), dimensions) for i in (0, 1))
    return number.to_numpy(), first, second


class _Places:
    """The centroids of a window, by segment; of two equally near the smaller id."""

    def __init__(self, side: Side) -> None:
        rows = side.centroids.sort("segment_id")
        self.matrix = as_matrix(rows["centroid"]).astype(np.float64)
        self._window = side.window
        self._number = {segment: i for i, segment in enumerate(rows["segment_id"])}

    def of(self, segment: str) -> np.ndarray:
        """The segment's centroid. Raises `ContractError` where the window has none."""
        if segment not in self._number:
            raise ContractError(f"segment {segment} has users in {self._window} but no centroid there")
        row: np.ndarray = self.matrix[self._number[segment]]
        return row

    def at(self, segment: str, elsewhere: np.ndarray) -> np.ndarray:
        """The segment's centroid, else the one nearest to where it is in the other window."""
        if segment in self._number:
            return self.of(segment)
        nearest: np.ndarray = self.matrix[int(np.argmax(self.matrix @ elsewhere))]
        return nearest
