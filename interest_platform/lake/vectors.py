"""The texts' vectors of several windows, of one encoder also where it has changed on the way."""

from collections.abc import Sequence

import polars as pl

from interest_platform.domain.encoder_tables import ENCODER_OVERLAPS
from interest_platform.domain.tables import EMBEDDINGS
from interest_platform.domain.windows import Window
from interest_platform.lake.lake import Lake

_COLUMNS = ["text_hash", "encoder", "vector"]


def vectors_of(
    lake: Lake, windows: Sequence[Window], version: int | None, wanted: pl.DataFrame | None = None
) -> pl.DataFrame:
    """text_hash, encoder, vector of the windows' texts; with `wanted` only of those with its text_hash.

    Where the windows have several encoders, those of the last window's encoder: of earlier texts they are in
    `encoder_overlaps`. Where some are not there, the frame has all encoders, which the caller has to refuse.
    """
    found = lake.read(EMBEDDINGS, windows, columns=["window_start", *_COLUMNS], version=version, among=wanted)
    if found["encoder"].n_unique() <= 1:
        return found.select(_COLUMNS)
    newest = _newest_encoder(lake, windows, version)
    overlaps = lake.read(ENCODER_OVERLAPS, windows, columns=_COLUMNS, version=version)
    one = pl.concat([found.select(_COLUMNS), overlaps]).filter(pl.col("encoder") == newest)
    one = one.join(found, on="text_hash", how="semi")
    whole = found.join(one, on="text_hash", how="anti").is_empty()
    return one if whole else found.select(_COLUMNS)


def _newest_encoder(lake: Lake, windows: Sequence[Window], version: int | None) -> str:
    told = lake.read(EMBEDDINGS, windows, columns=["window_start", "encoder"], version=version)
    return str(told.sort("window_start", "encoder")["encoder"][-1])
