"""Puts the code location together: assets as they are written, windows and freshness as `interest.yaml` says."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import dagster as dg

from interest_platform.assets.cleaned_tokens import cleaned_tokens
from interest_platform.assets.cluster_snapshots import cluster_snapshots
from interest_platform.assets.comparison_leaderboard import comparison_leaderboard
from interest_platform.assets.comparison_vectors import comparison_vectors
from interest_platform.assets.drift_metrics import drift_metrics
from interest_platform.assets.embeddings import embeddings
from interest_platform.assets.encoder_migrations import encoder_migrations
from interest_platform.assets.encoder_model import encoder_model
from interest_platform.assets.facts import OWNERS
from interest_platform.assets.item_vectors import item_vectors
from interest_platform.assets.marts import local_dbt, marts_assets
from interest_platform.assets.planted_events import planted_events
from interest_platform.assets.provisional_differences import provisional_differences
from interest_platform.assets.provisional_segments import provisional_segments
from interest_platform.assets.raw_texts import raw_texts
from interest_platform.assets.recommendation_metrics import recommendation_metrics
from interest_platform.assets.recommendations import recommendations
from interest_platform.assets.segment_features import segment_features
from interest_platform.assets.segment_identities import segment_identities
from interest_platform.assets.segment_report import segment_report
from interest_platform.assets.up_to_date import up_to_date
from interest_platform.assets.user_interests import user_interests
from interest_platform.assets.user_moves import user_moves
from interest_platform.automation import publish_when_loaded
from interest_platform.clustering.carried.history import OLDEST
from interest_platform.collector import paused
from interest_platform.comparison.grid import compared_windows
from interest_platform.configuration import Configuration, RecommendationSettings
from interest_platform.domain.dynamics_tables import DRIFT_METRICS, PLANTED_EVENTS
from interest_platform.domain.live_tables import PROVISIONAL_DIFFERENCES
from interest_platform.domain.reads import USUAL
from interest_platform.domain.tables import EMBEDDINGS
from interest_platform.domain.windows import Grain
from interest_platform.dynamics.drift import windows_back
from interest_platform.jobs import comparison, interest_line, micro_batch, publish, restate_stale_windows, train_encoder
from interest_platform.partitions import partitions_of
from interest_platform.resources import EncoderResource, LakeResource, SettingsResource, TrackingResource
from interest_platform.schedules import micro_batch_every, newest_closed_window
from interest_platform.settings import Settings
from interest_platform.training import ENCODER_MODEL, learns

DBT_FOLDER = Path(__file__).parent.parent / "dbt"

LOOKS_BACK = {
    "user_interests",
    "cluster_snapshots",
    "cluster_members",
    "segment_features",
    "user_segment_features",
    "user_moves",
    "item_vectors",
}
"""Assets that read the texts of all lookback windows."""

RECOMMENDS = {"recommendations", "recommendation_filters"}
"""Assets of one step, which makes lists."""

JUDGES = {"recommendation_outcomes", "recommendation_metrics"}
"""Assets of one step, which judges the lists of `recommendation.horizon` windows ago by all windows since."""

REMEMBERED = {"raw_texts", "item_vectors"}
"""What lists are made of, of all windows of `recommendation.history`, and of those behind past windows."""

LEARNS = {"user_interests", "cluster_members", "segment_identities"}
"""What `recommendations` reads of the windows that weights are learned on, too."""


CARRIED_ON = {
    "cluster_snapshots": {"cluster_snapshots"},
    "carried_segments": {"carried_segments"},
    "cluster_members": {"cluster_members"},
    "segment_identities": {
        "segment_identities",
        "cluster_snapshots",
        "cluster_members",
        "user_interests",
        "encoder_migrations",
    },
    "segment_events": {"segment_events", "cluster_snapshots", "cluster_members", "user_interests"},
    "segment_migrations": {"cluster_snapshots", "cluster_members", "user_interests"},
    "segment_renames": {"cluster_snapshots"},
    "segment_terms": {"segment_terms"},
    "recommendation_outcomes": {"recommendation_outcomes"},
}
"""Assets that begin from earlier windows (as many as a segment may be absent, and one), and what they read of these.
One that names itself waits for its own last window: restating a window makes the later ones stale."""

POOLS = {"cluster_snapshots", "cluster_members", "k_curves", "carried_segments"}
"""Assets that pool the users of the last windows where segments are carried."""

FROM_SOURCES = {"raw_texts", "rejected_texts"}

FILTERS = dg.AssetKey(["sources", "recommendation-filters", "tables"])
"""No source can have this key: theirs have two parts."""

COMPARES = {"user_moves"}
"""Assets that read the texts behind the last window too."""

RECONCILED = {"raw_texts", "cleaned_tokens", "embeddings", "segment_events"}
"""What `provisional_differences` reads of the windows between the one whose segments were told and its own."""

OF_THE_LOOKBACK = {"raw_texts", "cleaned_tokens", "embeddings", "encoder_overlaps"}

MIGRATES = {"encoder_migrations", "encoder_overlaps"}
"""Assets that compare this window's encoder with that of the windows that anything in it is compared with."""

SECTIONS = {
    "raw_texts": ("sources", "identities", "text"),
    "rejected_texts": ("sources", "identities", "text"),
    "cleaned_tokens": ("text",),
    "embeddings": ("encoder",),
    **dict.fromkeys(("encoder_migrations", "encoder_overlaps"), ("windows", "dynamics")),
    "user_interests": ("interests", "windows"),
    "cluster_snapshots": ("clustering",),
    "cluster_members": ("clustering",),
    "k_curves": ("clustering",),
    "carried_segments": ("clustering",),
    "cluster_trees": ("clustering",),
    **dict.fromkeys(
        ("segment_identities", "segment_events", "segment_terms", "segment_migrations", "segment_renames"),
        ("dynamics",),
    ),
    "user_moves": ("windows",),
    "drift_metrics": ("drift", "windows"),
    "planted_events": ("planted", "clustering", "drift"),
    **dict.fromkeys(RECOMMENDS | JUDGES, ("recommendation", "windows")),
}
"""The sections of `interest.yaml` an asset obeys: changing one makes what it has materialised visibly outdated."""

LIVE = ("sources", "identities", "text", "encoder", "interests", "windows")
"""The sections that a micro-batch obeys."""

COMPARED = ("comparison", "encoder", "clustering", "interests", "windows", "naming")
"""The sections that a comparison obeys."""

DAYS = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 92}


@paused()
def platform_definitions(settings: Settings) -> dg.Definitions:
    """Everything in the code location. Raises `InterestError` where the dbt manifest has not been built."""
    config = settings.config
    line = [
        raw_texts,
        cleaned_tokens,
        embeddings,
        encoder_migrations,
        user_interests,
        cluster_snapshots,
        segment_identities,
        segment_features,
        user_moves,
        drift_metrics,
        planted_events,
        provisional_differences,
        item_vectors,
        recommendations,
        recommendation_metrics,
    ]
    settings_resource = SettingsResource()
    return dg.Definitions(
        assets=[
            *_sources(config),
            *_filters(config),
            *dg.map_asset_specs(lambda spec: _windowed(spec, config), line),
            *dg.map_asset_specs(lambda spec: _compared(spec, config), [comparison_vectors, comparison_leaderboard]),
            marts_assets(DBT_FOLDER / "target" / "manifest.json"),
            segment_report,
            *dg.map_asset_specs(lambda spec: _live(spec, config), [provisional_segments]),
            *([encoder_model] if learns(config) else []),
        ],
        asset_checks=[up_to_date],
        jobs=[
            interest_line,
            publish,
            restate_stale_windows,
            comparison,
            micro_batch,
            *([train_encoder] if learns(config) else []),
        ],
        schedules=[newest_closed_window, micro_batch_every(config.live)],
        sensors=[publish_when_loaded],
        resources={
            "settings": settings_resource,
            "lake": LakeResource(settings=settings_resource),
            "tracking": TrackingResource(settings=settings_resource),
            "encoder": EncoderResource(settings=settings_resource),
            "dbt": local_dbt(DBT_FOLDER),
        },
        # one process for all steps: ten steps over 14 windows cost 3 s so, and 42 s with a process a step
        executor=dg.in_process_executor,
    )


def _sources(config: Configuration) -> list[dg.AssetSpec]:
    """The sources, which others fill: where the lineage of every column begins."""
    return [
        dg.AssetSpec(
            ["sources", source.name],
            group_name="sources",
            description=f"The source {source.name} of interest.yaml; Dagster does not materialise it.",
            kinds={source.format} if source.format else set(),
            owners=OWNERS,
        )
        for source in config.sources
    ]


def _filters(config: Configuration) -> list[dg.AssetSpec]:
    """The tables of hidden items, which others fill, as one asset; none where there are none."""
    given = config.recommendation.filters
    told = ", ".join(each.uri for each in given)
    spec = dg.AssetSpec(
        FILTERS,
        group_name="sources",
        description=f"Items that are not to be shown, of {told}; Dagster does not materialise it.",
        owners=OWNERS,
    )
    return [spec] if given else []


def _windowed(spec: dg.AssetSpec, config: Configuration) -> dg.AssetSpec:
    name, days = spec.key.to_user_string(), DAYS[config.windows.grain]
    spec = spec.replace_attributes(
        partitions_def=partitions_of(config.windows.grid),
        code_version=f"{spec.code_version}-{_digest(config, SECTIONS.get(name, ()))}",
        deps=_deps(name, spec.deps, config),
    )
    policy = dg.FreshnessPolicy.time_window(
        fail_window=timedelta(days=2 * days + 1), warn_window=timedelta(days=days + 1)
    )
    return dg.apply_freshness_policy(spec, policy)


def _compared(spec: dg.AssetSpec, config: Configuration) -> dg.AssetSpec:
    """On the windows of the comparison alone; run when somebody wants to know, so never too old."""
    back = dg.TimeWindowPartitionMapping(1 - config.windows.lookback, 0)
    own = {"comparison_vectors"}
    return spec.replace_attributes(
        partitions_def=partitions_of(compared_windows(config)),
        code_version=f"{spec.code_version}-{_digest(config, COMPARED)}",
        deps=[
            dep if dep.asset_key.to_user_string() in own else dg.AssetDep(dep.asset_key, partition_mapping=back)
            for dep in spec.deps
        ],
    )


def _live(spec: dg.AssetSpec, config: Configuration) -> dg.AssetSpec:
    """Read from the sources themselves, as far as no window has them."""
    return spec.replace_attributes(
        code_version=f"{spec.code_version}-{_digest(config, LIVE)}",
        deps=[*spec.deps, *(dg.AssetDep(source.key) for source in _sources(config))],
    )


def _deps(name: str, deps: Iterable[dg.AssetDep], config: Configuration) -> list[dg.AssetDep]:
    if name in FROM_SOURCES:
        return [dg.AssetDep(spec.key) for spec in _sources(config)]
    reach = {dep.asset_key.to_user_string() for dep in deps} & OF_THE_LOOKBACK if name in LOOKS_BACK else set()
    if name == DRIFT_METRICS.name:
        return _drift_deps(deps, config)
    back = -config.windows.lookback if name in COMPARES else 1 - config.windows.lookback
    carried = CARRIED_ON.get(name, set())
    oldest = -(1 + config.dynamics.grace)
    mappings = dict.fromkeys(reach, dg.TimeWindowPartitionMapping(back, 0))
    if name in MIGRATES:
        compared = -max(config.windows.lookback - 1, 1 + config.dynamics.grace)
        mappings |= dict.fromkeys(("embeddings", "cleaned_tokens"), dg.TimeWindowPartitionMapping(compared, 0))
    if name in POOLS and config.clustering.carries:
        pooled = dg.TimeWindowPartitionMapping(1 - OLDEST, 0)
        mappings |= dict.fromkeys(("user_interests", "encoder_migrations"), pooled)
    if name == PLANTED_EVENTS.name:
        mappings[DRIFT_METRICS.name] = dg.TimeWindowPartitionMapping(-USUAL, -1)
    mappings |= _recommending(name, config.recommendation)
    if name == PROVISIONAL_DIFFERENCES.name:
        mappings |= dict.fromkeys(RECONCILED, dg.TimeWindowPartitionMapping(-config.dynamics.grace, 0))
    mappings |= dict.fromkeys(carried, dg.TimeWindowPartitionMapping(oldest, 0))
    told = [
        dg.AssetDep(
            dep.asset_key, partition_mapping=mappings.get(dep.asset_key.to_user_string(), dep.partition_mapping)
        )
        for dep in deps
    ]
    own = [dg.AssetDep(name, partition_mapping=dg.TimeWindowPartitionMapping(oldest, -1))] if name in carried else []
    filters = [dg.AssetDep(FILTERS)] if name in RECOMMENDS and config.recommendation.filters else []
    model = [dg.AssetDep(ENCODER_MODEL)] if name == EMBEDDINGS.name and learns(config) else []
    return told + own + model + filters


def _recommending(name: str, given: RecommendationSettings) -> dict[str, dg.TimeWindowPartitionMapping]:
    if name in RECOMMENDS:
        remembered = dg.TimeWindowPartitionMapping(1 - given.history - given.taught, 0)
        learned = dg.TimeWindowPartitionMapping(-given.taught, 0)
        return dict.fromkeys(REMEMBERED, remembered) | dict.fromkeys(LEARNS, learned)
    if name in JUDGES:
        then = dg.TimeWindowPartitionMapping(-given.horizon, -given.horizon)
        since = dg.TimeWindowPartitionMapping(1 - given.horizon, 0)
        return dict.fromkeys(RECOMMENDS, then) | {"raw_texts": since}
    return {}


def _drift_deps(deps: Iterable[dg.AssetDep], config: Configuration) -> list[dg.AssetDep]:
    """From the window compared with to this one; texts from where that one's lookback begins."""
    back = windows_back(config.drift, config.windows.grain)
    texts = dg.TimeWindowPartitionMapping(1 - back - config.windows.lookback, 0)
    users = dg.TimeWindowPartitionMapping(-back, 0)
    told = [
        dg.AssetDep(
            dep.asset_key, partition_mapping=texts if dep.asset_key.to_user_string() in OF_THE_LOOKBACK else users
        )
        for dep in deps
    ]
    return [*told, dg.AssetDep(DRIFT_METRICS.name, partition_mapping=dg.TimeWindowPartitionMapping(-USUAL, -1))]


def _digest(config: Configuration, sections: tuple[str, ...]) -> str:
    told = config.model_dump_json(include=set(sections)) if sections else ""
    return hashlib.sha256(told.encode()).hexdigest()[:8]
