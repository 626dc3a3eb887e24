"""What is measured of a cell: numbers by hand, and the cases in which a measure has no value."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from interest_platform.clustering import cluster
from interest_platform.comparison import interest_labels, measure
from interest_platform.comparison.held_out import held_out
from interest_platform.comparison.measures import agreement
from interest_platform.comparison.memory import peak_memory
from interest_platform.configuration import ClusteringSettings, NamingSettings
from interest_platform.interests import as_lists

K4 = ClusteringSettings(k=4, n_init=2)


def groups(n=40, clusters=4, noise=0.1, seed=0):
    g = np.random.default_rng(seed)
    vectors = 4 * np.eye(8)[np.arange(n) % clusters] + noise * g.normal(size=(n, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def frames(vectors):
    users = [f"u{i:03d}" for i in range(len(vectors))]
    interests = pl.DataFrame({"user_key": users, "interest_no": pl.Series([0] * len(users), dtype=pl.Int32)})
    none = pl.lit(None, pl.List(pl.String)).alias("text_hashes")
    interests = interests.with_columns(as_lists(vectors).alias("vector"), none, n_texts=pl.lit(1, pl.Int32))
    words = [["tea", "cup"], ["bean", "roast"], ["tyre", "chain"], ["moon", "star"]]
    documents = pl.DataFrame(
        {
            "user_key": users,
            "text_hash": [f"h{i}" for i in range(len(users))],
            "ts": [dt.datetime(2024, 1, 1)] * len(users),
            "lang": ["en"] * len(users),
            "clean_text": [" ".join(words[i % 4]) for i in range(len(users))],
            "tokens": [words[i % 4] for i in range(len(users))],
            "label": [f"l{i % 4}" for i in range(len(users))],
        }
    )
    return interests, documents.with_columns(as_lists(vectors).alias("vector"))


def measured(vectors, settings=K4, labels=None):
    interests, documents = frames(vectors)
    told = interest_labels(interests, documents) if labels is None else labels
    return measure(interests, documents, told, settings, NamingSettings())


def test_clusters_that_are_the_labels_and_come_again_score_one():
    found, curve = measured(groups())
    assert (found.k, found.interests, found.unassigned_share, found.labelled) == (4, 40, 0.0, 40)
    assert (found.ami, found.ari, found.stability) == pytest.approx((1, 1, 1))
    assert (found.npmi, found.diversity) == pytest.approx((1, 1))
    assert found.largest_share == 0.25 and found.held_out > 0.9
    assert found.seconds > 0 and found.peak_memory_mib >= 0 and curve == ()


@pytest.mark.parametrize(("truth", "expected"), [(["a", "a", "b", "b"], 1.0), (["a", "b", "a", "b"], -0.5)])
def test_unassigned_users_count_as_a_cluster_of_their_own(truth, expected):
    clustering = replace(cluster(groups(n=4), K4), labels=np.array([0, 0, -1, -1], np.int32))
    assert agreement(clustering, pl.Series(truth)) == pytest.approx((expected, expected))


def test_what_hdbscan_leaves_out_is_told():
    strays = -1 + 2.5 * np.random.default_rng(1).normal(size=(8, 8))
    strays /= np.linalg.norm(strays, axis=1, keepdims=True)
    vectors = np.vstack([groups(), strays]).astype(np.float32)
    found, _ = measured(vectors, ClusteringSettings(method="hdbscan", min_cluster_size=5))
    assert 0 < found.unassigned_share <= 8 / 48


def test_one_cluster_is_neither_stable_nor_scored():
    found, _ = measured(groups(), ClusteringSettings(k=1))
    assert (found.silhouette, found.stability, found.held_out) == (None, None, None)
    assert found.ami == pytest.approx(0)


def test_a_window_without_users_has_no_cluster_and_no_measure():
    interests, documents = frames(groups())
    none = interests.head(0), documents.head(0), pl.Series([], dtype=pl.String)
    found, curve = measure(*none, ClusteringSettings(), NamingSettings())
    assert (found.k, found.interests, found.largest_share, found.ami, found.npmi) == (0, 0, None, None, None)
    assert curve == ()


def test_users_without_a_label_do_not_count_for_agreement():
    labels = pl.Series(["l0", "l1", "l2", "l3"] * 2 + [None] * 32, dtype=pl.String)
    found, _ = measured(groups(), labels=labels)
    assert found.labelled == 8 and found.ami == pytest.approx(1)
    assert measured(groups(), labels=pl.Series([None] * 40, dtype=pl.String))[0].ami is None


def test_too_many_clusters_do_not_come_again():
    stable = held_out(groups(n=80), cluster(groups(n=80), K4), K4)
    seven = K4.model_copy(update={"k": 7})
    torn = held_out(groups(n=80), cluster(groups(n=80), seven), seven)
    assert torn.stability < stable.stability and torn.silhouette < stable.silhouette


def test_the_same_users_in_another_order_are_as_stable():
    vectors = groups(n=60, noise=1.0)
    other = vectors[np.random.default_rng(3).permutation(60)]
    assert held_out(vectors, cluster(vectors, K4), K4) == held_out(other, cluster(other, K4), K4)


def test_an_interest_is_about_what_most_of_its_texts_are_about():
    texts = pl.DataFrame(
        {
            "user_key": list("aaabbcdd"),
            "text_hash": list("12345678"),
            "label": ["tea", "tea", "bikes", "tea", "bikes", None, "stars", "tea"],
        }
    )
    interests = pl.DataFrame(
        {"user_key": ["b", "a", "c", "d", "d"], "interest_no": [0, 0, 0, 0, 1], "text_hashes": [None] * 4 + [["8"]]},
        schema_overrides={"interest_no": pl.Int32, "text_hashes": pl.List(pl.String)},
    )
    assert interest_labels(interests, texts).to_list() == ["bikes", "tea", None, "stars", "tea"]


def test_memory_that_is_taken_is_seen():
    with peak_memory() as peak:
        held = np.ones(2**25, np.float64)
        del held
    assert 200 < peak.mib < 400
