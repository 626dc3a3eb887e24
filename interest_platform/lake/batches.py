"""The vectors of a window, read in batches into one array: memory holds them once."""

import duckdb
import numpy as np
import polars as pl

from interest_platform.domain.contract import Table
from interest_platform.domain.windows import Window
from interest_platform.errors import LakeError, MixedEncodersError
from interest_platform.interests.vectors import as_matrix

BATCH = 16_384
"""Rows a batch: some tens of MB of vectors."""


def read_vectors(
    connection: duckdb.DuckDBPyConnection, table: Table, window: Window, keys: pl.DataFrame, version: int | None
) -> np.ndarray:
    """See `Lake.vectors`. Rows come in whatever order the files have them, and are put where their key stands."""
    names, at = list(table.key), "" if version is None else f" AT (VERSION => {version:d})"
    found = connection.execute(
        f"SELECT {', '.join(names)}, vector FROM {table.name}{at} WHERE window_start = $1", [window.start]
    )
    places = keys.select(names).with_row_index("row")
    vectors, seen = np.zeros((0, 0), np.float32), np.zeros(keys.height, bool)
    for batch in found.to_arrow_reader(BATCH):
        frame = pl.DataFrame(pl.from_arrow(batch))
        part = as_matrix(frame["vector"])
        rows = frame.select(names).join(places, on=names, how="left", maintain_order="left")["row"]
        if not seen.any():
            vectors = np.empty((keys.height, part.shape[1]), np.float32)
        if part.shape[1] != vectors.shape[1]:
            told = f"{table.name} of {window.key}: vectors have {vectors.shape[1]} and {part.shape[1]} dimensions"
            raise MixedEncodersError(f"{told}; all must be of one encoder, thus one length")
        if rows.null_count():
            raise LakeError(f"{table.name} of {window.key} has {rows.null_count()} rows of which no key was asked for")
        vectors[rows.to_numpy()] = part
        seen[rows.to_numpy()] = True
    if not seen.all():
        raise LakeError(f"{table.name} of {window.key} lacks {np.count_nonzero(~seen)} of {len(seen)} keys asked for")
    return vectors
