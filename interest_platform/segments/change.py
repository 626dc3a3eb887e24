"""What has become of a segment since the last window: how it grew, and who of it stayed."""

import polars as pl

from interest_platform.segments.segmentation import Segmentation


def growth_and_retention(now: Segmentation, before: Segmentation) -> pl.DataFrame:
    """segment_id, growth, retention: a row a segment of `now` that `before` has too; others have neither.

    growth = size now / size before - 1. retention = share, 0 to 1, of the users with an interest in the segment before
    who have one in it now; a user who is gone has not stayed.
    """
    sizes = now.sizes().join(before.sizes(), on="segment_id", suffix="_before")
    return sizes.join(_retention(now, before), on="segment_id", how="left").select(
        "segment_id", (pl.col("size") / pl.col("size_before") - 1).alias("growth"), "retention"
    )


def _retention(now: Segmentation, before: Segmentation) -> pl.DataFrame:
    old, new = (side.interests().select("user_key", "segment_id").unique() for side in (before, now))
    followed = old.join(new.with_columns(stayed=pl.lit(True)), on=["user_key", "segment_id"], how="left")
    return followed.group_by("segment_id").agg(pl.col("stayed").fill_null(False).mean().alias("retention"))
