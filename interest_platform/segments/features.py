"""What the users of a segment do: how much, how lately, how they rate, and about what."""

import polars as pl

from interest_platform.domain.windows import Window
from interest_platform.segments.names import segment_id, segment_name

TOP_ITEMS = 10
"""Items a segment lists at most."""

_DAY = 86_400 * 1_000_000


def users_segments(members: pl.DataFrame, window: Window) -> pl.DataFrame:
    """user_key, cluster_id, segment_id: each user once, in the segment of the strongest interest, sorted by user."""
    strongest = members.filter(pl.col("interest_no") == 0).sort("user_key")
    clusters = strongest["cluster_id"]
    ids = {c: segment_id(window, c) for c in clusters.unique()}
    return strongest.select(
        "user_key",
        "cluster_id",
        clusters.replace_strict(ids, return_dtype=pl.String).cast(pl.String).alias("segment_id"),
    )


def segment_features(
    clusters: pl.DataFrame, members: pl.DataFrame, texts: pl.DataFrame, window: Window
) -> pl.DataFrame:
    """The columns of `segment_features` without window_start, a row a cluster, sorted by cluster_id.

    `clusters` and `members` are frames of cluster_snapshots and cluster_members; `texts` has user_key, ts and maybe
    item_id and rating, of all lookback windows. Activity, ratings and items count texts in [start, end); recency
    looks at all texts before the end. growth and retention are null: a segment is its window's own cluster.
    """
    users = users_segments(members, window).select("user_key", "cluster_id")
    theirs = _with_optional(texts).filter(pl.col("ts") < window.end).join(users, on="user_key")
    in_window = theirs.filter(pl.col("ts") >= window.start)
    described = clusters.sort("cluster_id").select("cluster_id", "top_terms", "size", "share", "centroid")
    for part in (_activity(users, in_window), _recency(theirs, window), _rating(in_window), _top_items(in_window)):
        described = described.join(part, on="cluster_id", how="left", maintain_order="left")
    named = described.rows_by_key("cluster_id", named=True, unique=True)
    return described.select(
        pl.Series("segment_id", [segment_id(window, c) for c in named], pl.String),
        "cluster_id",
        pl.Series("name", [segment_name(row["top_terms"], c) for c, row in named.items()], pl.String),
        "size",
        "share",
        pl.lit(None, pl.Float64).alias("growth"),
        pl.col("activity"),
        "recency",
        pl.lit(None, pl.Float64).alias("retention"),
        "rating_mean",
        "top_terms",
        pl.col("top_items").fill_null(pl.lit([], pl.List(pl.String))),
        pl.col("centroid").alias("vector"),
    )


def _with_optional(texts: pl.DataFrame) -> pl.DataFrame:
    """user_key, ts, item_id, rating; the last two null where the source has none."""
    optional = {"item_id": pl.String, "rating": pl.Float64}
    absent = [pl.lit(None, kind).alias(name) for name, kind in optional.items() if name not in texts.columns]
    return texts.with_columns(absent).select("user_key", "ts", "item_id", "rating")


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
