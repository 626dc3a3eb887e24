"""What has become of a segment since the last window: how it grew, and who of it stayed."""

import polars as pl

from interest_platform.segments.segmentation import Segmentation


def growth_and_retention(now: Segmentation, before: Segmentation) -> pl.DataFrame:
    """segment_id, growth, retention: a row a segment of `now` that `before` has too; others have neither.

    growth = size now / size before - 1. retention = share, 0 to 1, of the users whose strongest interest was in the
    segment before and is in it now; a user who is gone has not stayed. It is null where it was nobody's strongest
    interest before.
    """
    sizes = now.sizes().join(before.sizes(), on="segment_id", suffix="_before")
    return sizes.join(_retention(now, before), on="segment_id", how="left").select(
        "segment_id", (pl.col("size") / pl.col("size_before") - 1).alias("growth"), "retention"
    )


def _retention(now: Segmentation, before: Segmentation) -> pl.DataFrame:
    after = now.users().select("user_key", pl.col("segment_id").alias("after"))
    stayed = (pl.col("segment_id") == pl.col("after")).fill_null(False)
    followed = before.users().join(after, on="user_key", how="left")
    return followed.group_by("segment_id").agg(stayed.mean().alias("retention"))
