"""The segment that was known when a user was first shown something."""

from collections.abc import Sequence

import polars as pl

from interest_platform.domain.windows import Window


def with_segments(exposures: pl.DataFrame, windows: Sequence[Window], segments: pl.DataFrame) -> pl.DataFrame:
    """The exposures with the `segment_id` of the newest window that was over; one that is given stays.

    `windows` are the closed ones, `segments` has window_start, user_key and segment_id. Null where the window does not
    have the user: what came later may not say who somebody was.
    """
    ends = pl.DataFrame(
        {"window_start": [w.start for w in windows], "end": [w.end for w in windows]},
        schema={"window_start": pl.Datetime("us"), "end": pl.Datetime("us")},
    ).sort("end")
    rows = exposures.with_row_index("place").with_columns(end=pl.col("ts").cast(pl.Datetime("us"))).sort("end")
    placed = rows.join_asof(ends, on="end", strategy="backward")
    known = segments.select("window_start", "user_key", known="segment_id")
    joined = placed.join(known, on=["window_start", "user_key"], how="left")
    given = pl.col("segment_id") if "segment_id" in exposures.columns else pl.lit(None, pl.String)
    return (
        joined.sort("place")
        .with_columns(segment_id=pl.coalesce(given, "known"))
        .drop("place", "window_start", "end", "known", strict=False)
    )
