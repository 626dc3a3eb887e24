"""What was seen by another encoder, in this window's space."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from interest_platform.dynamics.identities import Past
from interest_platform.dynamics.sightings import Sighting
from interest_platform.interests.vectors import as_lists, as_matrix

Mappings = Mapping[tuple[str, str], Callable[[np.ndarray], np.ndarray]]
"""From (old, new) fingerprints to what takes vectors (n, d_old) to unit vectors (n, d_new)."""


def past_in(encoder: str | None, past: Past, known: Mappings) -> Past:
    """The past with its centroids in `encoder`'s space, as far as the spaces they are in map to it.

    Sightings of an encoder that has no mapping stay as they are: of those only members (and items) tell.
    """
    absent = {segment: _sighting_in(encoder, seen, known) for segment, seen in past.absent.items()}
    last = None if past.last is None else _sighting_in(encoder, past.last, known)
    return replace(past, last=last, absent=absent)


def clusters_in(encoder: str, clusters: pl.DataFrame, made_by: str, known: Mappings) -> tuple[pl.DataFrame, str]:
    """`clusters` with their centroid in `encoder`'s space, and that; as they are and `made_by` without a mapping."""
    mapping = known.get((made_by, encoder))
    if mapping is None or clusters.is_empty():
        return clusters, made_by
    return clusters.with_columns(as_lists(mapping(as_matrix(clusters["centroid"]))).alias("centroid")), encoder


def _sighting_in(encoder: str | None, seen: Sighting, known: Mappings) -> Sighting:
    if encoder is None or seen.encoder is None:
        return seen
    clusters, now = clusters_in(encoder, seen.clusters, seen.encoder, known)
    return replace(seen, clusters=clusters, encoder=now)
