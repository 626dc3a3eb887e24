"""How the spaces of encoders map to each other, as `encoder_migrations` has it."""

from collections.abc import Mapping, Sequence

import numpy as np

from interest_platform.domain.encoder_tables import ENCODER_MIGRATIONS
from interest_platform.domain.windows import Window
from interest_platform.embedding.mapping import EncoderMapping
from interest_platform.lake.lake import Lake


def mappings(lake: Lake, windows: Sequence[Window], version: int | None) -> Mapping[tuple[str, str], EncoderMapping]:
    """The mappings that tell something, by (from, to), of changes into these windows; the newest of each pair."""
    found = {}
    for row in lake.read(ENCODER_MIGRATIONS, windows, version=version).sort("window_start").iter_rows(named=True):
        if row["matrix"] is not None:
            matrix = np.array(row["matrix"], np.float64).reshape(row["d_from"], row["d_to"])
            mapping = EncoderMapping(matrix, row["cosine"], row["chance"], row["error"], row["n_texts"])
            if mapping.tells:
                found[row["from_encoder"], row["to_encoder"]] = mapping
    return found
