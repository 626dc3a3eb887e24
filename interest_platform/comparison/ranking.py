"""The ranking: means over windows, and which cell is before which."""

import polars as pl

CELL = ["encoder", "encoder_name", "method", "k_rule"]
MEANS = ["k", "ami", "ari", "stability", "held_out", "npmi", "diversity", "silhouette", "unassigned_share"]
BLIND = ("stability", "held_out", "npmi")
"""What ranks where no label is known: each of them compares encoders and methods, which the silhouette does not."""

DIGITS = 9
"""Means that are equal to so many digits are equal: sums of floats depend on their order."""


def ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a cell, best first: rank, the cell, `windows`, means, seconds and memory of the windows of `rows`.

    By mean AMI where any label is known, else by the mean of the ranks in `BLIND`; a null is last. Equals have the same
    rank. A cell that lacks windows that another has is not ranked (null) and comes last: means over other windows do
    not compare. The dbt mart `comparison_ranking` says the same in SQL.
    """
    cells = rows.group_by(CELL).agg(
        pl.len().cast(pl.Int64).alias("windows"),
        *(pl.col(name).cast(pl.Float64).mean().round(DIGITS) for name in MEANS),
        pl.col("seconds").sum(),
        pl.col("peak_memory_mib").max(),
        pl.col("texts_per_second").mean(),
    )
    compared = cells.filter(pl.col("windows") == pl.col("windows").max())
    by = pl.col("ami") if _labelled(compared) else pl.sum_horizontal(-_place(name) for name in BLIND)
    placed = compared.select(*CELL, rank=_place(by).cast(pl.Int64))
    found = cells.join(placed, on=CELL, how="left")
    order = ["rank", "encoder_name", "method", "k_rule", "encoder"]
    return found.sort(order, nulls_last=True).select("rank", *CELL, *found.drop("rank", *CELL).columns)


def rule_told(leaderboard: pl.DataFrame) -> str:
    """What ranks the cells of `ranked`, in one line."""
    if _labelled(leaderboard.filter(pl.col("rank").is_not_null())):
        return "ranked by mean AMI to the labels"
    return f"no labels: ranked by the mean of the ranks in {', '.join(BLIND)}"


def _labelled(cells: pl.DataFrame) -> bool:
    return cells["ami"].null_count() < cells.height


def _place(by: str | pl.Expr) -> pl.Expr:
    """1 for the largest; nulls are all last."""
    values = pl.col(by) if isinstance(by, str) else by
    return values.cast(pl.Float64).fill_null(float("-inf")).rank("min", descending=True).cast(pl.Int64)
