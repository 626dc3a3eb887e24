"""cluster_snapshots and cluster_members: the window's users in clusters, each clustering one MLflow run."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import numpy as np
import polars as pl

from interest_platform.assets.carrying import Grouped, grouped
from interest_platform.assets.documents import documents_of
from interest_platform.assets.facts import Family, check_specs_of, specs_of
from interest_platform.assets.loading import Loaded, Outcome, Write, load_windows
from interest_platform.checks import LARGEST, LARGEST_SHARE, NOISE, NOISE_SHARE, SEGMENTS_FOUND, SIZES_ADD_UP
from interest_platform.clustering import (
    Clustering,
    Snapshot,
    broken_cluster_laws,
    curve_frame,
    snapshot,
    tree_frame,
    unassigned_share,
)
from interest_platform.clustering.carried.clustering import METHOD
from interest_platform.configuration import Configuration, TextSettings
from interest_platform.domain.clustering_tables import CARRIED_SEGMENTS, CLUSTER_TREES, K_CURVES
from interest_platform.domain.encoder_tables import ENCODER_MIGRATIONS
from interest_platform.domain.steps import CLUSTER_SNAPSHOTS_STEP
from interest_platform.domain.tables import (
    CLUSTER_MEMBERS,
    CLUSTER_SNAPSHOTS,
    EMBEDDINGS,
    USER_INTERESTS,
)
from interest_platform.domain.unassigned import NO_CLUSTER
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake
from interest_platform.lake.past import last_clustered
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.text import surface_forms, with_surface_forms
from interest_platform.tracking import ClusteringRun, RunTags

FAMILY = Family("segments", frozenset({"scikitlearn", "mlflow"}), code_version="3")
ALL_BUT_VECTORS = [name for name in USER_INTERESTS.names if name not in ("vector", "half")]
UNSURE = 0.5
NOT_TRACKED = ["centroid", "example_texts", "medoid_user_key"]
"""The centroids have a file of their own; texts and pseudonyms stay in the lake, where they can be erased."""


@dg.multi_asset(
    name=CLUSTER_SNAPSHOTS.name,
    specs=specs_of(CLUSTER_SNAPSHOTS_STEP, FAMILY),
    check_specs=check_specs_of(CLUSTER_SNAPSHOTS_STEP, SIZES_ADD_UP, NOISE, LARGEST, SEGMENTS_FOUND),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def cluster_snapshots(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> Iterator[dg.MaterializeResult]:
    """Cluster the window's interests, describe each cluster by its members' texts, and track the run."""
    config = settings.config

    def work(window: Window, write: Write) -> Loaded:
        version = lake.lake.version()
        interests = lake.lake.read(USER_INTERESTS, [window], columns=ALL_BUT_VECTORS, version=version)
        vectors = lake.lake.vectors(USER_INTERESTS, window, interests, version=version)
        documents = documents_of(lake.lake, settings.grid.lookback(window, config.windows.lookback), version)
        encoder = interests["encoder"][0] if interests.height else "none: no user"
        tags = RunTags(
            dagster_run_id=context.run_id,
            asset=CLUSTER_SNAPSHOTS.name,
            partition=window.key,
            code_version=context.assets_def.code_versions_by_key[dg.AssetKey(CLUSTER_SNAPSHOTS.name)] or "",
            encoder=encoder,
            lake_version=version,
        )
        with tracking.tracker.clustering_run(window, tags) as run:
            run.params(config.clustering.model_dump() | config.windows.model_dump(mode="json") | {"encoder": encoder})
            last = last_clustered(lake.lake, settings.grid, window, config.dynamics.grace, version)
            found = grouped(lake.lake, settings, window, interests, vectors, last, version)
            clustering = found.clustering
            shot = readable(snapshot(interests, clustering, documents, naming=config.naming), documents, config.text)
            outcome = _outcome(interests, found, shot, version, run.run_id, tracking.tracker.link(run.run_id), last)
            _track(run, vectors, clustering, shot, config.clustering.seed)
            _track_encoding(run, lake.lake, window, version, config)
            _track_migration(run, lake.lake, window, version)
            return write(outcome)

    yield from load_windows(context, lake, work)


def readable(shot: Snapshot, documents: pl.DataFrame, text: TextSettings) -> Snapshot:
    """The snapshot with its top terms as words that people read instead of their stems."""
    return replace(shot, clusters=with_surface_forms(shot.clusters, surface_forms(documents, text)))


def _outcome(
    interests: pl.DataFrame,
    found: Grouped,
    shot: Snapshot,
    version: int,
    run_id: str,
    link: str,
    last: Window | None,
) -> Outcome:
    clustering = found.clustering
    clusters = shot.clusters.with_columns(mlflow_run_id=pl.lit(run_id), lake_version=pl.lit(version, pl.Int64))
    broken = broken_cluster_laws(interests, clusters, shot.members)
    return Outcome(
        frames={
            CLUSTER_SNAPSHOTS.name: clusters,
            CLUSTER_MEMBERS.name: shot.members,
            K_CURVES.name: curve_frame(clustering),
            CARRIED_SEGMENTS.name: found.segments,
            CLUSTER_TREES.name: tree_frame(clustering),
        },
        version=version,
        metadata={
            "k": clustering.k,
            "k_method": clustering.k_method,
            "members": shot.members.height,
            "unassigned": shot.members.filter(pl.col("cluster_id") == NO_CLUSTER).height,
            "started_from": last.key if last else "nothing: a beginning",
            **found.metadata,
            "structure": clustering.structure,
            "mlflow_run": dg.MetadataValue.url(link),
            "mlflow_run_id": run_id,
            **_known(silhouette=clustering.silhouette, terms_npmi=shot.coherence, terms_diversity=shot.diversity),
        },
        findings=[
            SIZES_ADD_UP.found(not broken, broken="; ".join(broken) or "none"),
            NOISE.at_most(None if clustering.k_method == METHOD else _unsure(shot), NOISE_SHARE),
            LARGEST.at_most(_largest(shot), LARGEST_SHARE),
            SEGMENTS_FOUND.found(clustering.structure != "none" or not clustering.k, told=clustering.told),
        ],
        mlflow_run_id=run_id,
    )


def _known(**values: float | None) -> dict[str, float]:
    """Those that have a value."""
    return {name: value for name, value in values.items() if value is not None}


def _unsure(shot: Snapshot) -> float | None:
    return float((shot.members["membership"] < UNSURE).to_numpy().mean()) if shot.members.height else None


def _largest(shot: Snapshot) -> float | None:
    return float(shot.clusters["share"].to_numpy().max()) if shot.clusters.height else None


def _track_encoding(run: ClusteringRun, lake: Lake, window: Window, version: int, config: Configuration) -> None:
    """What the window's texts were encoded by, their tokens, and their price where an endpoint's is known.

    The price is that of the window's own texts, also of those that an earlier window has paid for; what a run has
    paid is in the metadata of `embeddings`.
    """
    encoder, given = config.encoder, config.vector_encoder
    told = {"kind": "given", "model": given} if given else {"kind": encoder.kind, "model": encoder.model}
    run.params({f"encoder_{name}": value for name, value in told.items()})
    counts = lake.read(EMBEDDINGS, [window], columns=["n_model_tokens"], version=version)["n_model_tokens"]
    tokens, price = int(counts.sum()), encoder.api.price_per_million_tokens if encoder.api else None
    run.metrics({"model_tokens": tokens, "encoding_price": None if price is None else tokens * price / 1_000_000})


def _track(run: ClusteringRun, vectors: np.ndarray, clustering: Clustering, shot: Snapshot, seed: int) -> None:
    held = clustering.labels >= 0
    run.metrics(
        {
            "members": shot.members.height,
            "k": clustering.k,
            "silhouette": clustering.silhouette,
            "largest_share": _largest(shot),
            "unsure_share": _unsure(shot),
            "unassigned_share": unassigned_share(shot.members),
            "cohesion": float(1 - np.mean(clustering.distances[held])) if held.any() else None,
            "kappa": clustering.kappa,
            "terms_npmi": shot.coherence,
            "terms_diversity": shot.diversity,
        }
    )
    run.curve(clustering.curve, clustering.k_chosen, clustering.k_method)
    if clustering.tree is not None:
        run.frame("cluster_tree", tree_frame(clustering))
    run.centroids(clustering.centroids, list(range(clustering.k)))
    run.frame("clusters", shot.clusters.drop(*NOT_TRACKED))
    run.picture(vectors, clustering.labels, dict(enumerate(shot.clusters["top_terms"])), seed)


def _track_migration(run: ClusteringRun, lake: Lake, window: Window, version: int) -> None:
    """Where the encoder changed into this window: how well the old space maps to the new one."""
    told = ["from_encoder", "n_texts", "cosine", "chance", "error"]
    for old, *measures in lake.read(ENCODER_MIGRATIONS, [window], columns=told, version=version).iter_rows():
        run.tag("migrated_from", old)
        run.metrics({f"migration_{name}": value for name, value in zip(told[1:], measures, strict=True)})
