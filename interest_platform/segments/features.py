"""What the users of a segment do: how much, how lately, how they rate, about what, and whether they stay."""

import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.segments.change import growth_and_retention
from interest_platform.segments.segmentation import Segmentation

TOP_ITEMS = 10
"""Items a segment lists at most."""

_DAY = 86_400 * 1_000_000


def segment_features(
    clusters: pl.DataFrame, texts: pl.DataFrame, now: Segmentation, before: Segmentation | None
) -> pl.DataFrame:
    """The columns of `segment_features` without window_start, a row a cluster, sorted by cluster_id.

    `clusters` is the frame of cluster_snapshots of the window of `now`; `before` is the last window, None where that
    has no segments; `texts` has user_key, ts and maybe item_id, rating and interest_no (else 0), of all lookback
    windows. A user counts in every segment that has one of the user's interests, with the texts of those. Activity,
    ratings and items count texts in [start, end); recency looks at all texts before the end; growth and retention
    compare with `before` and are null where a segment was absent from it. Raises `ContractError` where clusters and
    identities do not fit.
    """
    now.require(clusters["cluster_id"])
    interests = now.interests().drop("segment_id")
    users = interests.select("user_key", "cluster_id").unique()
    read = _with_optional(texts).filter(pl.col("ts") < now.window.end)
    theirs = read.join(interests, on=["user_key", "interest_no"])
    in_window = theirs.filter(pl.col("ts") >= now.window.start)
    described = clusters.sort("cluster_id").select("cluster_id", "top_terms", "size", "share", "centroid")
    described = described.join(now.identities.select("cluster_id", "segment_id", "name"), on="cluster_id")
    for part in (_activity(users, in_window), _recency(theirs, now.window), _rating(in_window), _top_items(in_window)):
        described = described.join(part, on="cluster_id", how="left")
    described = described.join(growth_and_retention(now, before or _nobody(now)), on="segment_id", how="left")
    return described.sort("cluster_id").select(
        "segment_id",
        "cluster_id",
        "name",
        "size",
        "share",
        "growth",
        "activity",
        "recency",
        "retention",
        "rating_mean",
        "top_terms",
        pl.col("top_items").fill_null(pl.lit([], pl.List(pl.String))),
        pl.col("centroid").alias("vector"),
    )


def _nobody(now: Segmentation) -> Segmentation:
    return Segmentation(now.window, now.members.clear(), now.identities.clear())


def _with_optional(texts: pl.DataFrame) -> pl.DataFrame:
    """user_key, ts, item_id, rating, interest_no; items and ratings are null where the source has none."""
    optional = (
        pl.lit(None, pl.String).alias("item_id"),
        pl.lit(None, pl.Float64).alias("rating"),
        pl.lit(0, pl.Int32).alias("interest_no"),
    )
    absent = [column for column in optional if column.meta.output_name() not in texts.columns]
    return texts.with_columns(absent).select("user_key", "ts", "item_id", "rating", "interest_no")


def _activity(users: pl.DataFrame, in_window: pl.DataFrame) -> pl.DataFrame:
    """Texts in the window per user of the segment; 0 where its users wrote only in earlier windows."""
    written = in_window.group_by("cluster_id").agg(pl.len().alias("texts"))
    counted = users.group_by("cluster_id").agg(pl.len().alias("users"))
    return counted.join(written, on="cluster_id", how="left").select(
        "cluster_id", (pl.col("texts").fill_null(0) / pl.col("users")).alias("activity")
    )


def _recency(theirs: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Mean days from each user's last text to the window's end."""
    last = theirs.group_by("cluster_id", "user_key").agg(pl.col("ts").max())
    days = (pl.lit(window.end, pl.Datetime("us")) - pl.col("ts")).dt.total_microseconds() / _DAY
    return last.group_by("cluster_id").agg(days.sort().mean().alias("recency"))


def _rating(in_window: pl.DataFrame) -> pl.DataFrame:
    """Mean rating of the segment's texts in the window; sorted first, so that the bits don't depend on row order."""
    return in_window.group_by("cluster_id").agg(pl.col("rating").drop_nulls().sort().mean().alias("rating_mean"))


def _top_items(in_window: pl.DataFrame) -> pl.DataFrame:
    """The items most of the segment's users wrote about in the window, ties by item id."""
    return (
        in_window.drop_nulls("item_id")
        .group_by("cluster_id", "item_id")
        .agg(pl.col("user_key").n_unique().alias("users"))
        .sort("cluster_id", "users", "item_id", descending=[False, True, False])
        .group_by("cluster_id", maintain_order=True)
        .agg(pl.col("item_id").head(TOP_ITEMS).alias("top_items"))
    )
