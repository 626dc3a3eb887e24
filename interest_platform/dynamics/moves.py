"""Why a user moved: new texts, old ones that faded, or centroids that moved, and the texts that count most."""

import numpy as np
import polars as pl

from interest_platform.domain.dynamics_tables import USER_MOVES
from interest_platform.dynamics.sides import Side, directions, moved_users
from interest_platform.dynamics.user_texts import STATES, texts_in_states
from interest_platform.interests.vectors import BLOCK, as_matrix

TOLD_TEXTS = 5
"""Texts told of a move at most."""

NEGLIGIBLE = 1e-6
"""A text with a smaller part of the margin than this is not told: it is rounding of the stored vectors."""

SPLIT_ERROR = 1e-9
"""Rounding of the parts' sum in float64."""

STORED_ERROR = 1e-4
"""Rounding of vectors stored in float32, and of one text encoded twice."""

CAUSES = ("clustering", "new_texts", "decay")
"""In the order in which equal parts are preferred: who gained nothing by the move was moved by the clustering."""


def user_moves(
    before: Side, after: Side, texts: pl.DataFrame, vectors: pl.DataFrame, half_life_days: float
) -> pl.DataFrame:
    """The columns of `user_moves` without window_start, a row a user whose segment changed, sorted by user_key.

    `texts` has user_key, window_start, text_id, text_hash and ts of all windows that either side looks back on,
    `vectors` text_hash and vector (unit). With x0, x1 the user's vector before and after, and d0, d1 the centroid of
    the new minus that of the old segment before and after (docs/moves.md), the margin is x1.d1 - x0.d0, a difference
    of cosines, and splits, to rounding in float64, into

        clustering = (x0 + x1)/2 . (d1 - d0)                        centroids moved, the user stood still
        decay      = ((xd - x0) + (x1 - xn))/2 . (d0 + d1)/2        xd: time went by, nothing was written
        new_texts  = ((xn - x0) + (x1 - xd))/2 . (d0 + d1)/2        xn: texts were written, no time went by

    These are Shapley's values [Shapley 1953], of the user's change against the centroids' and, within the first, of
    decay against new texts (Owen's values of the whole [Owen 1977]): no order of the causes is preferred, and a cause
    that changed nothing has no part. A text's part is its share in x1 minus that in x0, times text . (d0 + d1)/2; the
    parts of all the user's texts sum to decay + new_texts. The same rows in any order give the same bits.
    O(texts of movers x d). Raises `ContractError` where a user's segment has no centroid.
    """
    moved = moved_users(before, after)
    if moved.is_empty():
        return USER_MOVES.empty().drop("window_start")
    pair, d0, d1 = directions(moved, before, after)
    theirs = texts.join(moved.select("user_key"), on="user_key", how="semi")
    read = vectors.join(theirs.select("text_hash").unique(), on="text_hash", how="semi")
    told, matrix = texts_in_states(theirs, read, before, after, half_life_days)
    numbered = moved.select("user_key").with_row_index("user")
    user = told.join(numbered, on="user_key", how="left", maintain_order="left")["user"].to_numpy()
    g0, g1 = _along(matrix, told["row"].to_numpy(), pair[user], d0, d1)
    told = told.with_columns(pl.Series("user", user), pl.Series("g0", g0), pl.Series("g1", g1))
    parts = moved.with_columns(_parts(told, moved.height)).with_columns(_cause())
    told_texts = parts.join(_most(told), on="user_key", how="left", maintain_order="left").with_columns(
        pl.col("text_ids").fill_null(pl.lit([], pl.List(pl.String))),
        pl.col("text_parts").fill_null(pl.lit([], pl.List(pl.Float32))),
    )
    return told_texts.select(c.name for c in USER_MOVES.body)


def _parts(told: pl.DataFrame, users: int) -> list[pl.Series]:
    """margin, new_texts, decay and clustering of each user, from the shares of the user's texts."""
    was, decayed, joined, now = (told[name].to_numpy() for name in STATES)
    g0, g1 = told["g0"].to_numpy(), told["g1"].to_numpy()
    parts = {
        "margin": now * g1 - was * g0,
        "new_texts": ((joined - was) + (now - decayed)) / 2 * (g0 + g1) / 2,
        "decay": ((decayed - was) + (now - joined)) / 2 * (g0 + g1) / 2,
        "clustering": (was + now) / 2 * (g1 - g0),
    }
    user = told["user"].to_numpy()
    return [pl.Series(name, np.bincount(user, values, minlength=users)) for name, values in parts.items()]


def _along(
    vectors: np.ndarray, rows: np.ndarray, pair: np.ndarray, d0: np.ndarray, d1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each text's vector times the directions of its user's pair of segments: two arrays (texts,), in float64.

    Blocks of rows bound the copies in float64.
    """
    found = np.empty((2, len(rows)))
    step = max(1, BLOCK // (4 * max(1, vectors.shape[1])))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        block = vectors[rows[part]].astype(np.float64)
        for i, d in enumerate((d0, d1)):
            found[i, part] = np.einsum("nd,nd->n", block, d[pair[part]])
    return found[0], found[1]


def _cause() -> pl.Expr:
    largest, (first, second, third) = pl.max_horizontal(CAUSES), CAUSES
    second_or_third = pl.when(pl.col(second) == largest).then(pl.lit(second)).otherwise(pl.lit(third))
    return pl.when(pl.col(first) == largest).then(pl.lit(first)).otherwise(second_or_third).alias("cause")


def _most(told: pl.DataFrame) -> pl.DataFrame:
    """user_key, text_ids, text_parts: the texts that speak most for the move, largest part first."""
    part = (pl.col("now") - pl.col("was")) * (pl.col("g0") + pl.col("g1")) / 2
    by_text = told.select("user_key", "text_id", part.alias("part")).filter(pl.col("part") > NEGLIGIBLE)
    ranked = by_text.sort("user_key", "part", "text_id", descending=[False, True, False])
    return ranked.group_by("user_key", maintain_order=True).agg(
        pl.col("text_id").head(TOLD_TEXTS).alias("text_ids"),
        pl.col("part").head(TOLD_TEXTS).cast(pl.Float32).alias("text_parts"),
    )


def broken_move_laws(moves: pl.DataFrame, before: Side, after: Side) -> list[str]:
    """What does not hold, one line each; empty where all does."""
    moved = moved_users(before, after)
    split = moves["new_texts"] + moves["decay"] + moves["clustering"] - moves["margin"]
    laws = {
        "the moves are not those of the users who moved": moves.select(moved.columns).sort("user_key").equals(moved),
        "the parts of a move do not add up to its margin": bool((split.abs() <= SPLIT_ERROR).all()),
    }
    return [law for law, holds in laws.items() if not holds]


def moves_off(moves: pl.DataFrame, before: Side, after: Side) -> int:
    """Moves whose margin is not that of the stored vectors: the texts have changed since the users were clustered."""
    if moves.is_empty():
        return 0
    pair, d0, d1 = directions(moves, before, after)
    x0, x1 = (
        as_matrix(moves.join(side.users, on="user_key", how="left", maintain_order="left")["vector"])
        for side in (before, after)
    )
    rows = np.arange(len(x0))
    stored = _along(x1, rows, pair, d0, d1)[1] - _along(x0, rows, pair, d0, d1)[0]
    return int((np.abs(stored - moves["margin"].to_numpy()) > STORED_ERROR).sum())
