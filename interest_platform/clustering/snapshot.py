"""A clustering as frames: what each cluster is about, and who is in it."""

from dataclasses import dataclass

import polars as pl

from interest_platform.clustering.examples import examples
from interest_platform.clustering.result import Clustering
from interest_platform.configuration import NamingSettings
from interest_platform.domain.unassigned import NO_CLUSTER
from interest_platform.errors import ContractError
from interest_platform.interests.texts import texts_elsewhere, with_interest_no
from interest_platform.interests.vectors import as_lists
from interest_platform.text import class_terms
from interest_platform.text.coherence import npmi, term_diversity

TOP_TERMS = 10
"""Terms a cluster is described by."""

EXAMPLES = 3
"""Example texts a cluster is shown by."""


@dataclass(frozen=True)
class Snapshot:
    """`clusters`: cluster_snapshots without mlflow_run_id and lake_version; `members`: cluster_members."""

    clusters: pl.DataFrame
    members: pl.DataFrame
    coherence: float | None = None
    """Mean NPMI, -1 to 1, of the clusters' top terms over the texts; None where no cluster has two."""
    diversity: float | None = None
    """Distinct top terms over top terms of all clusters; None where there is none."""


def snapshot(
    interests: pl.DataFrame,
    clustering: Clustering,
    documents: pl.DataFrame,
    *,
    terms: int = TOP_TERMS,
    shown: int = EXAMPLES,
    naming: NamingSettings | None = None,
) -> Snapshot:
    """The frames of a clustering whose row i is row i of `interests` (a `user_interests` frame).

    `documents` are the texts that entered the interests: user_key, clean_text, tokens, text_hash, ts and, if at hand,
    vector. A text that a user repeats counts once; texts of users without an interest are left out; a text belongs to
    the cluster of the interest that was made from it. `naming` says which terms and words may be shown (default: its
    defaults). Raises `ContractError` where interests and clustering differ in
    length.
    """
    members = cluster_members(interests, clustering)
    texts = _documents(members, interests, documents)
    naming = naming or NamingSettings()
    examples_of = examples(texts, clustering.centroids, shown, naming.example_users)
    clusters = (
        _measures(interests, members, clustering)
        .join(_top_terms(texts, terms, naming), on="cluster_id", how="left", maintain_order="left")
        .join(examples_of, on="cluster_id", how="left", maintain_order="left")
        .with_columns(pl.col("top_terms", "example_texts").fill_null(pl.lit([], pl.List(pl.String))))
    )
    return Snapshot(clusters, members, *_term_quality(clusters["top_terms"], texts))


def term_quality(
    interests: pl.DataFrame, clustering: Clustering, documents: pl.DataFrame, naming: NamingSettings
) -> tuple[float | None, float | None]:
    """`coherence` and `diversity` of the snapshot of the same arguments, without its other frames."""
    texts = _documents(cluster_members(interests, clustering), interests, documents)
    return _term_quality(_top_terms(texts, TOP_TERMS, naming)["top_terms"], texts)


def cluster_members(interests: pl.DataFrame, clustering: Clustering) -> pl.DataFrame:
    """user_key, interest_no, cluster_id (-1: in none), membership (in that cluster), distance, memberships (in all,
    where the method has its own) and leaf (where it has a tree), sorted by user and interest.
    """
    if interests.height != len(clustering.labels):
        raise ContractError(f"cluster_members: {interests.height} interests but {len(clustering.labels)} labels")
    own, tree = clustering.own_membership, clustering.leaves is not None
    return interests.select(
        "user_key",
        "interest_no",
        pl.Series("cluster_id", clustering.labels, pl.Int32),
        pl.Series("membership", clustering.own, pl.Float64),
        pl.Series("distance", clustering.distances, pl.Float64),
        (as_lists(clustering.membership) if own else pl.lit(None, pl.List(pl.Float32))).alias("memberships"),
        pl.Series("leaf", clustering.leaves, pl.Int32) if tree else pl.lit(None, pl.Int32).alias("leaf"),
    ).sort("user_key", "interest_no")


def _measures(interests: pl.DataFrame, members: pl.DataFrame, clustering: Clustering) -> pl.DataFrame:
    """All of a cluster but its words, sorted by cluster_id.

    The medoid is the member with the largest dot product with the sum of all members, thus the least cosine distance
    to their unit sum, the centroid. Users with equal vectors tie; who wrote more texts, then the smallest key, wins.
    """
    held = members.filter(pl.col("cluster_id") != NO_CLUSTER).drop("memberships")
    told = held.join(interests.select("user_key", "interest_no", "n_texts"), on=["user_key", "interest_no"])
    ranked = told.sort("cluster_id", "distance", "n_texts", "user_key", descending=[False, False, True, False])
    grouped = ranked.group_by("cluster_id", maintain_order=True).agg(
        pl.len().cast(pl.Int32).alias("size"),
        pl.col("user_key").first().alias("medoid_user_key"),
        (1 - pl.col("distance").mean()).alias("cohesion"),
    )
    return grouped.with_columns(
        (pl.col("size") / max(members.height, 1)).alias("share"),
        as_lists(clustering.centroids).alias("centroid"),
        pl.lit(clustering.method).alias("method"),
        pl.lit(clustering.k, pl.Int32).alias("k"),
        pl.lit(clustering.k_method).alias("k_method"),
        pl.lit(clustering.silhouette, pl.Float64).alias("silhouette"),
        pl.lit(clustering.structure).alias("structure"),
        _separation(clustering),
    )


def _separation(clustering: Clustering) -> pl.Series | pl.Expr:
    if clustering.separation is None:
        return pl.lit(None, pl.Float64).alias("separation")
    return pl.Series("separation", clustering.separation, pl.Float64)


def _documents(members: pl.DataFrame, interests: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """The members' texts, each once a user, with cluster and distance, in an order free of user keys."""
    texts = documents.sort("ts", descending=True).unique(["user_key", "text_hash"], keep="first", maintain_order=True)
    placed = members.filter(pl.col("cluster_id") != NO_CLUSTER).select(
        "user_key", "interest_no", "cluster_id", "distance"
    )
    return (
        with_interest_no(texts, texts_elsewhere(interests))
        .join(placed, on=["user_key", "interest_no"], how="inner")
        .sort("cluster_id", "text_hash", "ts", "distance", "user_key")
    )


def _term_quality(top_terms: pl.Series, texts: pl.DataFrame) -> tuple[float | None, float | None]:
    lists = top_terms.to_list()
    coherences = [value for value in npmi(lists, texts["tokens"]) if value is not None]
    return sum(coherences) / len(coherences) if coherences else None, term_diversity(lists)


def _top_terms(texts: pl.DataFrame, terms: int, naming: NamingSettings) -> pl.DataFrame:
    """cluster_id, top_terms (class-based TF-IDF over users); clusters without a token may lack."""
    told = texts.select(pl.col("cluster_id").alias("class_id"), "user_key", "tokens")
    found = class_terms(told, terms, share=naming.term_share, diversity=naming.diversity)
    return found.select(pl.col("class_id").cast(pl.Int32).alias("cluster_id"), "top_terms")
