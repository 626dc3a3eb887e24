"""What came in: how much, in which languages, from which sources, how long and how often repeated."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_platform.dynamics.drift.mixes import jensen_shannon, of_sums
from interest_platform.dynamics.drift.permutation import Statistic
from interest_platform.dynamics.drift.pool import Labels

CATEGORIES = 50
"""Languages or sources told apart; rarer ones are one more."""
RARE = 10
"""Users, in both windows together, that a group of ingest must have to stand for itself."""


@dataclass(frozen=True)
class Mean:
    """The mean of a measure over texts or users: a statistic of its squared shift, and what it is in each side."""

    statistic: Statistic
    before: float
    after: float
    variance: float


def with_repeats(texts: pl.DataFrame) -> pl.DataFrame:
    """The texts with `repeated`: whether the same clean text stands more than once in its window."""
    return texts.with_columns(repeated=pl.len().over("window", "text_hash") > 1)


def category_counts(rows: pl.DataFrame, column: str, units: int) -> tuple[list[str], NDArray[np.float32]]:
    """Names (sorted; "other" for rare ones) and the texts of each unit by them, (units, categories)."""
    counts = rows.select("unit", pl.col(column).fill_null("none").alias("name"))
    most = counts.group_by("name").len().sort("len", "name", descending=[True, False]).head(CATEGORIES)["name"]
    counts = counts.with_columns(pl.when(pl.col("name").is_in(most.implode())).then("name").otherwise(pl.lit("other")))
    names = counts["name"].unique().sort().to_list()
    amounts = np.zeros((units, len(names)), np.float32)
    np.add.at(amounts, (counts["unit"].to_numpy(), np.searchsorted(names, counts["name"].to_list())), 1)
    return names, amounts


def mix_of(amounts: NDArray[np.float32]) -> Statistic:
    """Jensen-Shannon divergence of the texts' mix."""
    return of_sums(amounts, jensen_shannon)


def mean_of(values: NDArray[np.float64], unit: NDArray[np.int64], before: NDArray[np.bool_]) -> Mean:
    """The mean over rows of `values` (rows,), each of a unit (rows,); `before` (units,) says the sides as observed."""
    units = len(before)
    # centred, so that float32 sums lose nothing; a shift of all values changes no difference of means
    middle = float(values.mean()) if len(values) else 0.0
    sums = np.bincount(unit, values - middle, units).astype(np.float32)
    counts = np.bincount(unit, minlength=units).astype(np.float32)

    def statistic(labels: Labels) -> NDArray[np.float64]:
        chosen = labels.astype(np.float32)
        s, n = (chosen @ sums).astype(np.float64), (chosen @ counts).astype(np.float64)
        other, rest = sums.sum(dtype=np.float64) - s, counts.sum(dtype=np.float64) - n
        return np.where(np.abs(d := other / np.maximum(rest, 1) - s / np.maximum(n, 1)) < 1e-6, 0.0, d) ** 2

    sides = [values[before[unit] == side] for side in (True, False)]
    means = [float(side.mean()) if len(side) else 0.0 for side in sides]
    return Mean(statistic, means[0], means[1], float(values.var()) if len(values) else 0.0)


def groups(texts: pl.DataFrame) -> pl.DataFrame:
    """user_key and `group`: the source and language most of the user's texts have, and whether most are repeated.

    `texts` has user_key, source, lang and repeated. Ties go to the alphabet.
    """
    kind = pl.concat_str(pl.col("source", "lang").fill_null("none"), separator=" ")
    counted = (
        texts.with_columns(kind=kind).group_by("user_key", "kind").agg(n=pl.len(), repeated=pl.col("repeated").sum())
    )
    most = counted.sort("user_key", "n", "kind", descending=[False, True, False]).unique(
        "user_key", keep="first", maintain_order=True
    )
    repeats = counted.group_by("user_key").agg(mostly=pl.col("repeated").sum() * 2 > pl.col("n").sum())
    mark = pl.when("mostly").then(pl.lit(" repeated")).otherwise(pl.lit(""))
    return most.join(repeats, on="user_key").select("user_key", group=pl.col("kind") + mark).sort("user_key")


def without_rare(group: NDArray[np.str_]) -> NDArray[np.str_]:
    """The groups (rows,) with those of fewer than `RARE` rows put together: alone they would be noise."""
    names, number, counts = np.unique(group, return_inverse=True, return_counts=True)
    return np.where(counts[number] < RARE, "rare", names[number])
