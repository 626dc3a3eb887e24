from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import broken_cluster_laws, cluster, snapshot
from interest_platform.clustering.snapshot import cluster_members
from interest_platform.configuration import ClusteringSettings, NamingSettings
from interest_platform.domain.tables import CLUSTER_MEMBERS, CLUSTER_SNAPSHOTS
from interest_platform.errors import ContractError
from interest_platform.interests import as_lists, as_matrix

START = datetime(2024, 1, 1)


TOPICS = [["rail", "train", "ticket"], ["soup", "bread", "oven"], ["chess", "opening", "rook"]]


def stream(seed=0, n=60, d=16):
    """interests, documents: user i writes three texts on topic i % 3 around that topic's direction."""
    g = np.random.default_rng(seed)
    topic = np.where(np.arange(n) < n // 2, 0, 1 + np.arange(n) % 2)
    vectors = np.eye(d)[topic] + 0.1 * g.normal(size=(n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    keys = [f"{key:08x}" for key in g.permutation(n)]
    interests = pl.DataFrame(
        {"user_key": keys, "interest_no": 0, "weight": 1.0, "vector": as_lists(vectors), "n_texts": 3}
    ).with_columns(pl.col("interest_no", "n_texts").cast(pl.Int32), text_hashes=pl.lit(None, pl.List(pl.String)))
    rows = [
        (keys[i], f"{TOPICS[topic[i]][j]} said {i}", [*TOPICS[topic[i]], TOPICS[topic[i]][j]], j)
        for i in range(n)
        for j in range(3)
    ]
    documents = pl.DataFrame(
        {
            "user_key": [r[0] for r in rows],
            "clean_text": [r[1] for r in rows],
            "tokens": [r[2] for r in rows],
            "text_hash": [f"h-{r[1]}" for r in rows],
            "ts": [START + timedelta(days=r[3]) for r in rows],
            "vector": as_lists(np.repeat(vectors, 3, axis=0)),
        }
    )
    return interests, documents


def clustered(interests, k=3):
    return cluster(as_matrix(interests["vector"]), ClusteringSettings(k=k))


def test_members_carry_their_cluster_membership_and_distance():
    interests, _ = stream()
    found = clustered(interests)
    members = cluster_members(interests, found)
    CLUSTER_MEMBERS.check(CLUSTER_MEMBERS.conform(members, START), START)
    assert members["user_key"].is_sorted()
    row = interests["user_key"].to_list().index(members["user_key"][5])
    assert members["cluster_id"][5] == found.labels[row]
    assert members["distance"][5] == found.distances[row]
    assert members["membership"][5] == pytest.approx(found.membership[row, found.labels[row]])


def test_interests_of_another_clustering_are_refused():
    interests, _ = stream()
    with pytest.raises(ContractError, match="59 interests but 60 labels"):
        cluster_members(interests.head(59), clustered(interests))


def test_the_frames_fit_their_tables_and_conserve_the_members():
    interests, documents = stream()
    made = snapshot(interests, clustered(interests), documents)
    told = made.clusters.with_columns(mlflow_run_id=pl.lit("run"), lake_version=pl.lit(1))
    CLUSTER_SNAPSHOTS.check(CLUSTER_SNAPSHOTS.conform(told, START), START)
    CLUSTER_MEMBERS.check(CLUSTER_MEMBERS.conform(made.members, START), START)
    assert broken_cluster_laws(interests, made.clusters, made.members) == []
    assert made.clusters["size"].to_list() == [30, 15, 15]
    assert made.clusters["share"].to_list() == [0.5, 0.25, 0.25]


def test_top_terms_and_examples_are_those_of_the_clusters_topic():
    interests, documents = stream()
    made = snapshot(interests, clustered(interests), documents, terms=3, naming=NamingSettings(example_users=1))
    found = [set(terms) for terms in made.clusters["top_terms"]]
    assert found[0] == set(TOPICS[0])
    assert sorted(map(sorted, found[1:])) == sorted(map(sorted, TOPICS[1:]))
    for terms, texts in made.clusters.select("top_terms", "example_texts").rows():
        assert len(texts) == 3
        assert all(text.split()[0] in terms for text in texts)


def test_example_texts_hide_the_words_of_single_users():
    interests, documents = stream()
    made = snapshot(interests, clustered(interests), documents)
    shown = [text for texts in made.clusters["example_texts"] for text in texts]
    assert shown and all(text.endswith("said …") for text in shown)


def test_terms_are_measured_for_coherence_and_diversity():
    """Every text has its topic's three terms, and no other: NPMI and diversity are 1."""
    interests, documents = stream()
    made = snapshot(interests, clustered(interests), documents)
    assert (made.coherence, made.diversity) == (pytest.approx(1), 1)


def test_the_medoid_is_the_member_with_the_least_mean_distance_to_the_others():
    interests, documents = stream(3)
    found = clustered(interests)
    made = snapshot(interests, found, documents)
    vectors, keys = as_matrix(interests["vector"]).astype(float), np.array(interests["user_key"])
    for cluster_id, medoid, cohesion in made.clusters.select("cluster_id", "medoid_user_key", "cohesion").rows():
        inside = found.labels == cluster_id
        assert medoid == keys[inside][(1 - vectors[inside] @ vectors[inside].T).sum(axis=1).argmin()]
        assert cohesion == pytest.approx((vectors[inside] @ found.centroids[cluster_id]).mean(), abs=1e-6)


def test_rows_in_any_order_give_the_same_frames():
    interests, documents = stream(4)
    base = snapshot(interests, clustered(interests), documents)
    for seed in range(3):
        mixed = interests.sample(fraction=1, shuffle=True, seed=seed)
        again = snapshot(mixed, clustered(mixed), documents.sample(fraction=1, shuffle=True, seed=seed))
        assert again.clusters.equals(base.clusters)
        assert again.members.equals(base.members)


def test_a_text_that_a_user_repeats_counts_once_and_users_without_interest_not_at_all():
    interests, documents = stream(5)
    base = snapshot(interests, clustered(interests), documents)
    strangers = documents.with_columns(user_key=pl.lit("stranger"), tokens=pl.lit(["spam"]))
    copies = pl.concat([documents[1:2]] * 50)  # "train" would come first, before "rail"
    again = snapshot(interests, clustered(interests), pl.concat([documents, copies, strangers]))
    assert again.clusters.equals(base.clusters)


def test_an_empty_window_has_frames_without_rows_that_fit():
    interests, documents = stream()
    empty = interests.clear()
    made = snapshot(empty, clustered(empty, "auto"), documents.clear())
    told = made.clusters.with_columns(mlflow_run_id=pl.lit("run"), lake_version=pl.lit(1))
    CLUSTER_SNAPSHOTS.check(CLUSTER_SNAPSHOTS.conform(told, START), START)
    CLUSTER_MEMBERS.check(CLUSTER_MEMBERS.conform(made.members, START), START)
    assert broken_cluster_laws(empty, made.clusters, made.members) == []


def test_clusters_without_words_or_texts_have_empty_lists():
    interests, documents = stream()
    silent = documents.with_columns(clean_text=pl.lit(""), tokens=pl.lit([], pl.List(pl.String)))
    for texts in (silent, documents.clear(), silent.drop("vector")):
        made = snapshot(interests, clustered(interests), texts)
        assert made.clusters["top_terms"].to_list() == made.clusters["example_texts"].to_list() == [[], [], []]


def test_each_broken_law_is_told():
    interests, _ = stream()
    members = cluster_members(interests, clustered(interests))
    clusters = members.group_by("cluster_id").len("size").with_columns(share=pl.col("size") / 60)
    assert broken_cluster_laws(interests, clusters, members) == []
    assert (
        "members (59) are not the user interests (60)" in broken_cluster_laws(interests, clusters, members.tail(59))[0]
    )
    assert (
        "cluster sizes (sum 63)"
        in broken_cluster_laws(interests, clusters.with_columns(pl.col("size") + 1), members)[0]
    )
    assert "shares sum to" in broken_cluster_laws(interests, clusters.with_columns(pl.col("share") * 2), members)[0]
