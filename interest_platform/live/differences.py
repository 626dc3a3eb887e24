"""How far what was told between two windows was from what the window's own run found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from interest_platform.domain.unassigned import UNASSIGNED
from interest_platform.domain.windows import Window
from interest_platform.interests.vectors import as_matrix
from interest_platform.live.descent import Events, descendants

_HOUR = 3600.0


@dataclass(frozen=True)
class Told:
    """The last provisional rows of a window: those of `provisional_segments`, at least one."""

    rows: pl.DataFrame

    @property
    def as_of(self) -> datetime:
        """When the micro-batch was."""
        return _only(self.rows["as_of"])

    @property
    def base_start(self) -> datetime:
        """Start of the window whose segments were told."""
        return _only(self.rows["base_window_start"])

    @property
    def users(self) -> pl.DataFrame:
        """user_key, told, kept, vector: where each user's strongest interest was told to be, and was before."""
        strongest = self.rows.filter(pl.col("interest_no") == 0)
        return strongest.select("user_key", "vector", told="segment_id", kept="previous_segment_id")

    @property
    def texts(self) -> pl.DataFrame:
        """user_key, text_hash of the texts since the base, each once."""
        pairs = self.rows.select("user_key", pl.col("new_text_hashes").alias("text_hash"))
        return pairs.explode("text_hash").drop_nulls().unique()


@dataclass(frozen=True)
class Found:
    """What the window's own run found.

    `users` has user_key, segment_id and vector of each user's strongest interest, `texts` user_key, text_hash and ts of
    the texts since the base that have a vector. `segments` are those of the window, `events` the transitions of each
    window since the base, oldest first.
    """

    window: Window
    users: pl.DataFrame
    texts: pl.DataFrame
    segments: frozenset[str]
    events: Sequence[Events]


def differences(told: Told, found: Found) -> pl.DataFrame:
    """metric, value, n of `provisional_differences`, by metric (docs/live.md says what each is).

    The rival of what was told is to keep the segment of the base window, as everybody shows who does nothing between
    two windows: a user whom the base lacks is in none then, which never agrees.
    """
    compared = told.users.join(
        found.users.select("user_key", final="segment_id", final_vector="vector"), on="user_key", how="inner"
    ).sort("user_key")
    known = compared.filter(pl.col("kept").is_not_null())
    rows = [
        ("users", told.users.height, told.users.height),
        ("users_gone", told.users.height - compared.height, told.users.height - compared.height),
        *_agreeing(compared, found, ""),
        *_agreeing(known, found, "_known"),
        ("cosine", _mean(_cosines(compared)), compared.height),
        ("hours_before_end", (found.window.end - told.as_of).total_seconds() / _HOUR, told.users.height),
        *_unlike_texts(told, found),
    ]
    return pl.DataFrame(rows, {"metric": pl.String, "value": pl.Float64, "n": pl.Int64}, orient="row").sort("metric")


def _agreeing(compared: pl.DataFrame, found: Found, of: str) -> list[tuple[str, float | None, int]]:
    """Shares of users whose final segment is the one told, and the one kept, or what became of it.

    `equal` is over those alone whose segment is still there, `followed` over all, and `ended` the share of those whose
    segment split, merged or died.
    """
    rows: list[tuple[str, float | None, int]] = []
    for name, segment in (("", "told"), ("kept_", "kept")):
        pairs = list(compared.select(segment, "final").iter_rows())
        became = _became({before for before, _ in pairs if before is not None}, found.events)
        here = [before == final for before, final in pairs if before in found.segments]
        followed = [before is not None and final in became[before] for before, final in pairs]
        ended = [before not in found.segments for before, _ in pairs if before not in (None, UNASSIGNED)]
        for metric, hits in (("equal", here), ("followed", followed), ("ended", ended)):
            rows.append((f"{name}{metric}{of}", _mean(hits), len(hits)))
    return rows


def _became(segments: Iterable[str], events: Sequence[Events]) -> Mapping[str, frozenset[str]]:
    return {segment: descendants(segment, events) for segment in segments}


def _cosines(compared: pl.DataFrame) -> np.ndarray:
    if compared.is_empty():
        return np.zeros(0)
    told, final = as_matrix(compared["vector"]), as_matrix(compared["final_vector"])
    return np.einsum("ij,ij->i", told, final, dtype=np.float64)


def _unlike_texts(told: Told, found: Found) -> list[tuple[str, float | None, int]]:
    """Texts that one of the two had and the other not; a user's equal texts are one."""
    there = found.texts.group_by("user_key", "text_hash").agg(pl.col("ts").min())
    both = ["user_key", "text_hash"]
    gone = told.texts.join(there, on=both, how="anti").height
    unheard = there.join(told.texts, on=both, how="anti")
    later = unheard.filter(pl.col("ts") >= told.as_of).height
    users = unheard.join(told.users, on="user_key", how="anti")["user_key"].n_unique()
    counts = {"texts_gone": gone, "texts_later": later, "texts_late": unheard.height - later, "users_unseen": users}
    return [(metric, count, count) for metric, count in counts.items()]


def _mean(values: Sequence[bool] | np.ndarray) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _only(values: pl.Series) -> datetime:
    (value,) = values.unique().to_list()
    return value
