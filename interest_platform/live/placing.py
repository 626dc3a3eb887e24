"""From the interests of users who wrote to their provisional segments."""

import polars as pl

from interest_platform.errors import LiveError
from interest_platform.interests.texts import texts_elsewhere, with_interest_no
from interest_platform.interests.vectors import as_matrix
from interest_platform.live.open_window import OpenWindow
from interest_platform.segments.segment_map import SegmentMap

_INTEREST = ["user_key", "interest_no"]
_EMPTY = pl.Series([[]], dtype=pl.List(pl.String))


def provisional_rows(
    interests: pl.DataFrame, texts: pl.DataFrame, before: pl.DataFrame, places: SegmentMap, opened: OpenWindow
) -> pl.DataFrame:
    """The columns of `provisional_segments` but window_start and lake_version, by user and interest.

    `interests` has those of `user_interests`, `texts` user_key and text_hash of the texts since the base, `before`
    user_key and segment_id of the base window's users. Raises `LiveError` for interests of another encoder than that of
    the base's segments.
    """
    for encoder in interests["encoder"].unique().sort():
        require_encoder(encoder, places)
    placed = places.place(as_matrix(interests["vector"])) if interests.height else None
    best = placed.best.tolist() if placed else []
    located = interests.select(*_INTEREST, "weight", "vector", "encoder").with_columns(
        pl.Series("segment_id", [places.segment_ids[n] for n in best], pl.String),
        pl.Series("membership", placed.membership.max(axis=1) if placed else [], pl.Float64),
        pl.Series("cosine", placed.cosine if placed else [], pl.Float64),
        pl.lit(opened.as_of, pl.Datetime("us")).alias("as_of"),
        pl.lit(opened.base.start, pl.Datetime("us")).alias("base_window_start"),
    )
    previous = before.select("user_key", previous_segment_id="segment_id")
    found = located.join(previous, on="user_key", how="left", maintain_order="left")
    found = found.join(_new_texts(interests, texts), on=_INTEREST, how="left", maintain_order="left")
    return found.with_columns(
        pl.col("new_text_hashes").fill_null(_EMPTY),
        pl.col("new_text_hashes").list.len().fill_null(0).cast(pl.Int32).alias("n_new_texts"),
    ).sort(_INTEREST)


def require_encoder(encoder: str, places: SegmentMap) -> None:
    """Raise `LiveError` unless the map's segments are in the space of the encoder."""
    if encoder != places.encoder:
        raise LiveError(
            f"the segments of {places.window} are of {places.encoder}, texts are now encoded by {encoder}: no text can "
            "be placed among them until a window of the new encoder is loaded (`interest restate`, or the next window)"
        )


def _new_texts(interests: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """user_key, interest_no, new_text_hashes: the distinct texts of each interest that has any."""
    distinct = texts.select("user_key", "text_hash").unique()
    parted = with_interest_no(distinct, texts_elsewhere(interests))
    return parted.group_by(_INTEREST).agg(pl.col("text_hash").sort().alias("new_text_hashes"))
