"""What must hold of the users encoded by segments: the same predicates for tests and for asset checks."""

import polars as pl


def users_have_one_row(features: pl.DataFrame, members: pl.DataFrame) -> bool:
    """Whether every user of the window's members has exactly one row."""
    return features["user_key"].sort().equals(members["user_key"].unique().sort())


def soft_sums_to_one(features: pl.DataFrame) -> bool:
    """Whether every user's soft membership sums to 1 (within 1e-4: it is stored as float32)."""
    return bool(((features["soft"].list.sum() - 1).abs() < 1e-4).all())


def broken_segment_laws(
    clusters: pl.DataFrame, members: pl.DataFrame, segments: pl.DataFrame, features: pl.DataFrame
) -> list[str]:
    """What does not hold, one line each; empty where all does. Frames are those of the tables of one window."""
    laws = {
        f"segments ({segments.height}) are not the clusters ({clusters.height}), each once": (
            segments["cluster_id"].sort().equals(clusters["cluster_id"].sort())
        ),
        f"users encoded ({features.height}) are not the members' users ({members['user_key'].n_unique()}), each once": (
            users_have_one_row(features, members)
        ),
        "soft memberships of some user do not sum to 1": soft_sums_to_one(features),
        "some user's segment is none of the window's": features["segment_id"]
        .is_in(segments["segment_id"].implode())
        .all(),
    }
    return [law for law, holds in laws.items() if not holds]
