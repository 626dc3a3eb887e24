"""Where names stand among others."""

import numpy as np
import polars as pl
from numpy.typing import NDArray


def places(names: NDArray[np.object_], asked: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each is in the sorted `names`, and whether it is there at all."""
    values = asked.to_numpy().astype(object)
    if not len(names):
        return np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(names, values), len(names) - 1)
    return at, names[at] == values
