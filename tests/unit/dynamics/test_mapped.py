"""Segments across a change of encoder by mapped centroids, where no user tells."""

import numpy as np
import pytest
from following import sighted
from scipy.stats import ortho_group

from interest_platform.dynamics.identities import Past, genealogy
from interest_platform.dynamics.mapped import clusters_in, past_in
from interest_platform.interests.vectors import as_matrix

D, EACH = 32, 40
ROTATION = ortho_group.rvs(D, random_state=0)
CENTROIDS = np.eye(D)[:3]


def rotate(vectors):
    return vectors @ ROTATION


def seen(centroids, encoder, name):
    return sighted(centroids, {f"{name}{i}": i % 3 for i in range(3 * EACH)}, encoder)


def kinds(now, past):
    return sorted(event.kind for event in genealogy(now, past).events)


def test_mapped_centroids_carry_segments_over_where_all_users_are_new():
    past = Past(seen(CENTROIDS, "old", "a"), {0: "s0001", 1: "s0002", 2: "s0003"}, numbers=3)
    now = seen(CENTROIDS @ ROTATION, "new", "b")
    assert kinds(now, past) == ["birth"] * 3 + ["death"] * 3
    mapped = past_in("new", past, {("old", "new"): rotate})
    found = genealogy(now, mapped)
    assert {i.cluster_id: i.segment_id for i in found.identities} == past.segments


def test_segments_that_are_absent_at_the_change_are_found_again_after_it():
    gone = seen(CENTROIDS, "old", "a").only([2])
    last = seen(CENTROIDS @ ROTATION, "new", "b").only([0, 1])
    past = Past(last, {0: "s0001", 1: "s0002"}, {"s0003": gone}, numbers=3)
    now = seen(CENTROIDS @ ROTATION, "new", "b")
    again = genealogy(now, past_in("new", past, {("old", "new"): rotate}))
    assert {i.cluster_id: i.segment_id for i in again.identities} == {0: "s0001", 1: "s0002", 2: "s0003"}


def test_what_has_no_mapping_stays_as_it_is():
    past = Past(seen(CENTROIDS, "old", "a"), {0: "s0001", 1: "s0002", 2: "s0003"}, numbers=3)
    for known in ({}, {("other", "new"): rotate}, {("new", "old"): rotate}):
        assert past_in("new", past, known).last.encoder == "old"
    assert past_in(None, past, {("old", "new"): rotate}).last.encoder == "old"
    clusters, encoder = clusters_in("new", past.last.clusters, "old", {("old", "new"): rotate})
    assert encoder == "new" and as_matrix(clusters["centroid"]) == pytest.approx(CENTROIDS @ ROTATION, abs=1e-6)
