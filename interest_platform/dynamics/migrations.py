"""Who moved where between two windows: the users of every segment before, coupled with those of every segment after."""

import numpy as np
import polars as pl

from interest_platform.domain.dynamics_tables import SEGMENT_MIGRATIONS
from interest_platform.errors import ContractError

ROUNDING = 1e-9
"""Weights of a user sum to 1 within this; a rest as small is rounding noise and nobody's move."""

_USER, _SEGMENT = "user_key", "segment_id"
_ENDS = ["from_segment", "to_segment"]


def segment_migrations(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The columns of `segment_migrations` without window_start, sorted, null ends first; only flows above zero.

    Both frames have user_key, segment_id and weight, a row an interest of a user in the last and in this window, the
    weights of a user summing to 1. A user with one interest moves whole. Of a user with several, what is in a segment
    before and after stays there (the smaller of the two weights: no coupling of the two distributions moves less); the
    rest of each segment left goes to the segments entered in proportion to what each of them gained. A user who is
    only in `after` comes from null, one who is only in `before` goes to null.

    So flows out of a segment add up to its weight before and flows into it to its weight after, to rounding. Sums run
    in one canonical order: the same rows in any order give the same bits. O(interests + pairs of a user's moves).
    Raises `ContractError` where weights of a user are negative, or don't sum to 1.
    """
    old, new = _distributions(before, "before"), _distributions(after, "after")
    both = old.join(new, on=[_USER, _SEGMENT], how="full", coalesce=True, suffix="_after").with_columns(
        pl.col("weight", "weight_after").fill_null(0.0)
    )
    shared = old.select(_USER).unique().join(new.select(_USER).unique(), on=_USER)
    known = both.join(shared, on=_USER)
    parts = [
        _stays(known),
        _moves(known),
        _ends(old.join(shared, on=_USER, how="anti"), "from_segment"),
        _ends(new.join(shared, on=_USER, how="anti"), "to_segment"),
    ]
    return _summed(pl.concat(parts))


def _distributions(interests: pl.DataFrame, name: str) -> pl.DataFrame:
    """user_key, segment_id, weight: a user's interests in one segment added up."""
    off = interests.group_by(_USER).agg(pl.col("weight").sum().alias("sum"), pl.col("weight").min().alias("min"))
    off = off.filter(~((pl.col("sum") - 1).abs() < ROUNDING) | (pl.col("min") < 0))
    if off.height:
        raise ContractError(
            f"segment_migrations: the weights of {off.height} users {name} don't sum to 1, or are negative"
        )
    # a segment of one user holds a handful of interests: sorted, each sum has one order
    rows = interests.select(_USER, _SEGMENT, pl.col("weight").cast(pl.Float64)).sort(_USER, _SEGMENT, "weight")
    return rows.group_by(_USER, _SEGMENT, maintain_order=True).agg(pl.col("weight").sum())


def _stays(known: pl.DataFrame) -> pl.DataFrame:
    stay = pl.min_horizontal("weight", "weight_after")
    return _flow(known, pl.col(_SEGMENT), pl.col(_SEGMENT), stay)


def _moves(known: pl.DataFrame) -> pl.DataFrame:
    """What does not stay: weight left x weight gained / all that moves, for each pair of a user's segments."""
    left, gained = pl.col("weight") - pl.col("weight_after"), pl.col("weight_after") - pl.col("weight")
    leaving = known.select(_USER, pl.col(_SEGMENT).alias("from"), left.alias("left")).filter(pl.col("left") > ROUNDING)
    arriving = known.select(_USER, pl.col(_SEGMENT).alias("to"), gained.alias("gained"))
    arriving = arriving.filter(pl.col("gained") > ROUNDING).sort(_USER, "to")
    moving = arriving.group_by(_USER, maintain_order=True).agg(pl.col("gained").sum().alias("moving"))
    pairs = leaving.join(arriving, on=_USER).join(moving, on=_USER)
    return _flow(pairs, pl.col("from"), pl.col("to"), pl.col("left") * pl.col("gained") / pl.col("moving"))


def _ends(interests: pl.DataFrame, end: str) -> pl.DataFrame:
    """Users who come from nowhere or go there, whole."""
    source, target = (pl.col(_SEGMENT) if end == name else pl.lit(None, pl.String) for name in _ENDS)
    return _flow(interests, source, target, pl.col("weight"))


def _flow(frame: pl.DataFrame, source: pl.Expr, target: pl.Expr, users: pl.Expr) -> pl.DataFrame:
    return frame.select(_USER, source.alias(_ENDS[0]), target.alias(_ENDS[1]), users.alias("users"))


def _summed(flows: pl.DataFrame) -> pl.DataFrame:
    """Flows of all users, one row a pair of segments; numpy adds in the order given, polars in its threads'."""
    flows = flows.filter(pl.col("users") > 0).sort(*_ENDS, _USER)
    if flows.is_empty():
        return SEGMENT_MIGRATIONS.empty().drop("window_start")
    number = flows.select(pl.struct(_ENDS).rle_id())[_ENDS[0]].to_numpy()
    totals = np.bincount(number, flows["users"].to_numpy())
    return flows.select(_ENDS).unique(maintain_order=True).with_columns(pl.Series("users", totals))


def flows_add_up(migrations: pl.DataFrame, interests: pl.DataFrame, end: str) -> bool:
    """Whether the flows at one end (`from_segment`, `to_segment`) of every segment are the weight of its members.

    `interests` are those of the window at that end; 1e-9 of the users may be lost to rounding.
    """
    flows = migrations.drop_nulls(end).group_by(pl.col(end).alias(_SEGMENT)).agg(pl.col("users").sum())
    weights = interests.group_by(_SEGMENT).agg(pl.col("weight").sum())
    both = flows.join(weights, on=_SEGMENT, how="full", coalesce=True).fill_null(0.0)
    allowed = ROUNDING * (1 + pl.col("weight"))
    return both.filter(~((pl.col("users") - pl.col("weight")).abs() <= allowed)).is_empty()


def broken_migration_laws(migrations: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    """What does not hold, one line each; empty where all does. Frames are those of `segment_migrations`."""
    nowhere = migrations.filter(pl.all_horizontal(pl.col(_ENDS).is_null()))
    laws = {
        "flows out of the segments of the last window are not its members": flows_add_up(
            migrations, before, "from_segment"
        ),
        "flows into the segments of this window are not its members": flows_add_up(migrations, after, "to_segment"),
        "a flow from nowhere to nowhere": nowhere.is_empty(),
        "a flow that is not above zero": bool((migrations["users"] > 0).all()),
        "a pair of segments twice": not migrations.select(_ENDS).is_duplicated().any(),
    }
    return [law for law, holds in laws.items() if not holds]
