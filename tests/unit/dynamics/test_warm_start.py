"""Where the last window's clusters are now, of users with several interests."""

import numpy as np
import polars as pl
import pytest

from interest_platform.dynamics.warm_start import warm_start
from interest_platform.interests.vectors import as_lists

A, B = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
NEAR_A, NEAR_B = [0.8, 0.0, 0.6], [0.0, 0.8, 0.6]
CLUSTERS = pl.DataFrame({"cluster_id": [0, 1], "centroid": [A, B]}, schema_overrides={"centroid": pl.List(pl.Float32)})


def rows(*interests):
    """user_key, interest_no and one more column: a cluster or a vector."""
    users, numbers, more = zip(*interests, strict=True)
    frame = pl.DataFrame({"user_key": users, "interest_no": numbers})
    if isinstance(more[0], int):
        return frame.with_columns(cluster_id=pl.Series(more))
    return frame.with_columns(as_lists(np.array(more)).alias("vector"), encoder=pl.lit("e"))


def test_a_returning_member_counts_with_the_interest_nearest_to_the_cluster_whatever_its_number():
    # u's interests have changed places: the one that was second is the stronger now
    members = rows(("u", 0, 0), ("u", 1, 1))
    now = rows(("u", 0, NEAR_B), ("u", 1, NEAR_A))
    assert warm_start(now, CLUSTERS, members, "e") == pytest.approx(np.array([A, B, NEAR_A, NEAR_B]))


def test_a_member_who_gave_up_an_interest_counts_with_the_one_that_is_left():
    members = rows(("u", 0, 0), ("u", 1, 1), ("v", 0, 1))
    now = rows(("u", 0, NEAR_A), ("v", 0, NEAR_B))
    found = warm_start(now, CLUSTERS, members, "e")
    mean = np.array(NEAR_A) + NEAR_B
    assert found == pytest.approx(np.array([A, B, NEAR_A, mean / np.linalg.norm(mean)]), abs=1e-6)


def test_after_a_change_of_encoder_interests_of_one_number_are_held_for_the_same():
    members = rows(("u", 0, 0), ("u", 1, 1))
    now = rows(("u", 0, NEAR_B), ("u", 1, NEAR_A))
    assert warm_start(now, CLUSTERS, members, "other") == pytest.approx(np.array([NEAR_B, NEAR_A] * 2))


def test_one_interest_a_user_gives_centroids_and_the_means_of_returning_members():
    members = rows(("u", 0, 0), ("v", 0, 1), ("gone", 0, 1))
    now = rows(("u", 0, NEAR_A), ("v", 0, NEAR_B), ("new", 0, A))
    assert warm_start(now, CLUSTERS, members, "e") == pytest.approx(np.array([A, B, NEAR_A, NEAR_B]))


def test_a_cluster_of_whose_members_none_returned_is_looked_for_at_its_centroid_alone():
    members = rows(("gone", 0, 0), ("v", 0, 1))
    assert warm_start(rows(("v", 0, NEAR_B)), CLUSTERS, members, "e") == pytest.approx(np.array([A, B, A, NEAR_B]))
