"""Which windows hold vectors of another encoder than the settings name."""

from collections.abc import Mapping
from datetime import datetime

from interest_platform.embedding.encoder import load_encoder
from interest_platform.embedding.fingerprint import given_fingerprint
from interest_platform.errors import EncoderError
from interest_platform.lake.failures import told
from interest_platform.lake.lake import Lake

ENCODED = "was encoded by "
"""How the reason begins."""


def outdated_vectors(lake: Lake, version: int | None = None) -> Mapping[datetime, str]:
    """Start of a window to which encoder its vectors are of and which it would be now.

    None where `encoder.earlier` is keep, and none where the settings' encoder can't be told, such as one that is not
    trained yet: running a window says so.
    """
    config = lake.settings.config
    if config.encoder.earlier == "keep":
        return {}
    at = "" if version is None else f" AT (VERSION => {version:d})"
    length = "max(len(vector))" if config.vector_encoder else "0"  # vectors are read only where they tell the name
    with lake.catalog.reading() as connection, told("the encoders of the windows can't be read"):
        found = connection.execute(
            f"SELECT window_start, encoder, {length} FROM embeddings{at} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    if not found:
        return {}
    if name := config.vector_encoder:
        named = ((start, old, given_fingerprint(name, d)) for start, old, d in found)
        return {start: _told(old, now) for start, old, now in named if old != now}
    try:
        now = load_encoder(config.encoder, lake.settings.config_path.parent, lake.settings.home).fingerprint
    except EncoderError:
        return {}
    return {start: _told(old, now) for start, old, _ in found if old != now}


def _told(old: str, now: str) -> str:
    return f"{ENCODED}{old}, the encoder is now {now}"
