"""What must hold of segments and of the users encoded by them: the same predicates for tests and for asset checks."""

import polars as pl

from interest_platform.domain.unassigned import UNASSIGNED
from interest_platform.segments.segmentation import Segmentation


def users_have_one_row(features: pl.DataFrame, members: pl.DataFrame) -> bool:
    """Whether every user of the window's members has exactly one row."""
    return features["user_key"].sort().equals(members["user_key"].unique().sort())


def soft_sums_to_one(features: pl.DataFrame) -> bool:
    """Whether every user's soft membership sums to 1 (within 1e-4: it is stored as float32)."""
    return bool(((features["soft"].list.sum() - 1).abs() < 1e-4).all())


def segments_are_the_identities(segments: pl.DataFrame, identities: pl.DataFrame) -> bool:
    """Whether every cluster has the segment and the name of its identity, and no two clusters are one segment."""
    told = ["cluster_id", "segment_id", "name"]
    same = segments.select(told).sort(told).equals(identities.select(told).sort(told))
    return same and segments["segment_id"].is_unique().all()


def broken_segment_laws(
    clusters: pl.DataFrame, now: Segmentation, segments: pl.DataFrame, features: pl.DataFrame
) -> list[str]:
    """What does not hold, one line each; empty where all does. Frames are tables of the window of `now`."""
    members = now.members
    laws = {
        f"segments ({segments.height}) are not the clusters ({clusters.height}), each once": (
            segments["cluster_id"].sort().equals(clusters["cluster_id"].sort())
        ),
        "segments or their names are not those of segment_identities, each once": (
            segments_are_the_identities(segments, now.identities)
        ),
        f"users encoded ({features.height}) are not the members' users ({members['user_key'].n_unique()}), each once": (
            users_have_one_row(features, members)
        ),
        "soft memberships of some user do not sum to 1": soft_sums_to_one(features),
        "some user's segment is none of the window's": features["segment_id"]
        .is_in([*segments["segment_id"], UNASSIGNED])
        .all(),
    }
    return [law for law, holds in laws.items() if not holds]
