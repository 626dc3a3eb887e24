from datetime import datetime

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import cluster
from interest_platform.clustering.snapshot import cluster_members
from interest_platform.configuration import ClusteringSettings
from interest_platform.domain.dynamics_tables import SEGMENT_IDENTITIES
from interest_platform.domain.tables import (
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    RAW_TEXTS,
    USER_INTERESTS,
    USER_SEGMENT_FEATURES,
)
from interest_platform.domain.windows import Window
from interest_platform.errors import ContractError, MixedEncodersError
from interest_platform.interests import as_lists, as_matrix
from interest_platform.segments import (
    Segmentation,
    broken_segment_laws,
    encoding_version,
    segment_features,
    user_segment_features,
)

WINDOW = Window(datetime(2024, 1, 8), datetime(2024, 1, 15))


def window_of(seed=0, n=80, d=6, k=4):
    """interests, members, clusters and the clustering they are of, users in a random order."""
    g = np.random.default_rng(seed)
    vectors = g.normal(size=(n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    interests = pl.DataFrame(
        {
            "user_key": [f"u{i:03d}" for i in g.permutation(n)],
            "interest_no": 0,
            "weight": 1.0,
            "vector": as_lists(vectors),
        }
    ).with_columns(pl.col("interest_no").cast(pl.Int32), encoder=pl.lit("e1"))
    found = cluster(as_matrix(interests["vector"]), ClusteringSettings(k=k))
    clusters = pl.DataFrame({"cluster_id": np.arange(found.k), "centroid": as_lists(found.centroids)})
    return (
        interests,
        cluster_members(interests, found),
        clusters.with_columns(pl.col("cluster_id").cast(pl.Int32)),
        found,
    )


def segmentation_of(members):
    """Cluster 0 is segment s0009, 1 is s0008 ...: an order that is not the clusters'."""
    numbers = members["cluster_id"].unique().sort()
    names = {"segment_id": pl.format("s000{}", 9 - pl.col("cluster_id")), "name": pl.lit("any")}
    return Segmentation(WINDOW, members, pl.DataFrame({"cluster_id": numbers}).with_columns(**names))


def encoded(interests, members, clusters):
    return user_segment_features(interests, clusters, segmentation_of(members))


def test_the_frame_fits_its_table_with_one_row_a_user():
    interests, members, clusters, _ = window_of()
    found = encoded(interests, members, clusters)
    USER_SEGMENT_FEATURES.check(USER_SEGMENT_FEATURES.conform(found, WINDOW.start), WINDOW.start)
    now = segmentation_of(members)
    segments = clusters.join(now.identities, on="cluster_id")
    assert broken_segment_laws(clusters, now, segments, found) == []
    assert found["user_key"].to_list() == sorted(interests["user_key"])


def test_soft_is_the_clusterings_membership_and_one_hot_its_label():
    interests, members, clusters, clustering = window_of()
    found = encoded(interests, members, clusters)
    order = np.argsort(interests["user_key"].to_numpy())
    np.testing.assert_array_equal(as_matrix(found["soft"]), clustering.membership[order])
    np.testing.assert_array_equal(as_matrix(found["one_hot"]), np.eye(4)[clustering.labels[order]])
    assert found["segment_id"].to_list() == [f"s000{9 - c}" for c in clustering.labels[order]]


def test_embedding_is_the_unit_sum_of_centroids_weighted_by_soft():
    interests, members, clusters, clustering = window_of(1)
    found = encoded(interests, members, clusters)
    for soft, embedding in found.select("soft", "embedding").rows():
        mixed = sum(p * c for p, c in zip(soft, clustering.centroids.astype(float), strict=True))
        np.testing.assert_allclose(embedding, mixed / np.linalg.norm(mixed), atol=1e-6)


def test_two_interests_of_a_user_are_weighted_by_their_weights():
    interests, members, clusters, _ = window_of(2)
    users = interests["user_key"].sort().to_list()
    # u001's interest becomes u000's second
    rename = (pl.col("user_key") == users[1], pl.col("user_key").replace(users[1], users[0]))
    joined, joined_members = (
        f.with_columns(
            interest_no=pl.when(rename[0]).then(1).otherwise("interest_no").cast(pl.Int32), user_key=rename[1]
        )
        for f in (interests, members)
    )
    weight = (
        pl.when(pl.col("interest_no") == 1).then(0.25).when(pl.col("user_key") == users[0]).then(0.75).otherwise(1.0)
    )
    single = encoded(interests, members, clusters)
    double = encoded(joined.with_columns(weight=weight), joined_members, clusters)
    soft = as_matrix(single["soft"])
    np.testing.assert_allclose(double["soft"][0].to_list(), 0.75 * soft[0] + 0.25 * soft[1], atol=1e-6)
    assert double["segment_id"][0] == single["segment_id"][0]
    assert double.height == single.height - 1


def test_rows_in_any_order_give_the_same_bits():
    interests, members, clusters, _ = window_of(3)
    base = encoded(interests, members, clusters)
    for seed in range(3):
        mixed = (f.sample(fraction=1, shuffle=True, seed=seed) for f in (interests, members, clusters))
        assert encoded(*mixed).equals(base)


def test_the_encoding_version_names_encoder_window_and_clusters():
    centroids = np.eye(3, dtype=np.float32)
    base = encoding_version("e1", WINDOW, centroids)
    other_window = Window(WINDOW.end, datetime(2024, 1, 22))
    others = [
        encoding_version("e2", WINDOW, centroids),
        encoding_version("e1", other_window, centroids),
        encoding_version("e1", WINDOW, centroids[::-1]),
        encoding_version("e1", WINDOW, centroids.reshape(1, 9)),
    ]
    assert len({base, *others}) == 5
    assert base == encoding_version("e1", WINDOW, centroids.astype(np.float64))
    assert len(base) == 16


def test_centroids_that_cancel_out_leave_the_own_centroid():
    # two users at opposite ends, half and half: shares equal and kappa 0 would mix (1, 0) and (-1, 0) to nothing
    from interest_platform.segments.encodings import _embedding

    centroids = np.array([[1, 0], [-1, 0]], np.float32)
    np.testing.assert_array_equal(_embedding(np.array([[0.5, 0.5]], np.float32), centroids, np.array([1])), [[-1, 0]])


def test_interests_of_two_encoders_are_refused():
    interests, members, clusters, _ = window_of()
    mixed = interests.with_columns(
        encoder=pl.when(pl.col("user_key") == "u003").then(pl.lit("e2")).otherwise("encoder")
    )
    with pytest.raises(MixedEncodersError, match=r"\['e1', 'e2'\]"):
        encoded(mixed, members, clusters)


def test_frames_of_different_clusterings_are_refused():
    interests, members, clusters, _ = window_of()
    for wrong in ((interests.head(5), members, clusters), (interests, members, clusters.tail(3))):
        with pytest.raises(ContractError, match="not of one clustering"):
            encoded(*wrong)


def test_an_empty_window_has_no_users():
    interests, members, clusters, _ = window_of()
    found = encoded(interests.clear(), members.clear(), clusters.clear())
    USER_SEGMENT_FEATURES.check(USER_SEGMENT_FEATURES.conform(found, WINDOW.start), WINDOW.start)
    assert found.is_empty()


def test_each_broken_law_is_told():
    interests, members, clusters, _ = window_of()
    found = encoded(interests, members, clusters)
    now = segmentation_of(members)
    segments = clusters.join(now.identities, on="cluster_id")
    assert "segments (3)" in broken_segment_laws(clusters, now, segments.tail(3), found)[0]
    assert "users encoded (79)" in broken_segment_laws(clusters, now, segments, found.tail(79))[0]
    halved = found.with_columns(pl.col("soft").list.eval(pl.element() / 2))
    assert broken_segment_laws(clusters, now, segments, halved) == ["soft memberships of some user do not sum to 1"]
    strange = found.with_columns(segment_id=pl.lit("w1"))
    assert broken_segment_laws(clusters, now, segments, strange) == ["some user's segment is none of the window's"]
    one, two = pl.col("cluster_id") == 0, pl.lit("s0008")
    for wrong in ({"name": pl.lit("other")}, {"segment_id": pl.when(one).then(two).otherwise("segment_id")}):
        broken = broken_segment_laws(clusters, now, segments.with_columns(**wrong), found)
        assert broken[0].startswith("segments or their names are not those of segment_identities")
    same = Segmentation(WINDOW, members, now.identities.with_columns(segment_id=two))
    users = found.with_columns(segment_id=two)
    assert len(broken_segment_laws(clusters, same, segments.with_columns(segment_id=two), users)) == 1


def test_an_empty_window_breaks_no_segment_law():
    clusters, interests = CLUSTER_SNAPSHOTS.empty(), USER_INTERESTS.empty()
    now = Segmentation(WINDOW, CLUSTER_MEMBERS.empty(), SEGMENT_IDENTITIES.empty())
    segments = segment_features(clusters, RAW_TEXTS.empty(), now, None)
    users = user_segment_features(interests, clusters, now)
    assert users.schema["segment_id"] == pl.String
    assert broken_segment_laws(clusters, now, segments, users) == []
