"""Puts the code location together: assets as they are written, windows and freshness as `interest.yaml` says."""

import hashlib
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
from interest_platform.collector import paused
from interest_platform.comparison.grid import compared_windows
from interest_platform.configuration import Configuration
from interest_platform.domain.steps import EMBEDDINGS_STEP, RAW_TEXTS_STEP, RECOMMENDATIONS_STEP, WRITERS
from interest_platform.domain.windows import Grain
from interest_platform.jobs import comparison, interest_line, micro_batch, publish, restate_stale_windows, train_encoder
from interest_platform.lake.staleness import reach_of
from interest_platform.partitions import partitions_of
from interest_platform.resources import EncoderResource, LakeResource, SettingsResource, TrackingResource
from interest_platform.schedules import micro_batch_every, newest_closed_window
from interest_platform.settings import Settings
from interest_platform.training import ENCODER_MODEL, learns

DBT_FOLDER = Path(__file__).parent.parent / "dbt"

FILTERS = dg.AssetKey(["sources", "recommendation-filters", "tables"])
"""No source can have this key: theirs have two parts."""

EXTENT = {"start", "end"}
"""Settings of windows that tell which there are, and change nothing in any of them."""

LINE_ASSETS = (
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
)
"""The assets of the line: each writes what its step in `domain.steps` declares."""

LIVE = ("sources", "identities", "text", "encoder", "interests", "windows")
"""The sections that a micro-batch obeys."""

COMPARED = ("comparison", "encoder", "clustering", "interests", "windows", "naming")
"""The sections that a comparison obeys."""

DAYS = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 31, Grain.QUARTER: 92}


@paused()
def platform_definitions(settings: Settings) -> dg.Definitions:
    """Everything in the code location. Raises `InterestError` where the dbt manifest has not been built."""
    config = settings.config
    settings_resource = SettingsResource()
    return dg.Definitions(
        assets=[
            *_sources(config),
            *_filters(config),
            *dg.map_asset_specs(lambda spec: _windowed(spec, config), LINE_ASSETS),
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
        code_version=f"{spec.code_version}-{_digest(config, WRITERS[name].settings)}",
        deps=_deps(name, config),
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


def _deps(name: str, config: Configuration) -> list[dg.AssetDep]:
    """What an asset's step reads, with the windows of each table; of the step's own tables, an asset reads itself."""
    step, reach = WRITERS[name], reach_of(config)
    if step is RAW_TEXTS_STEP:
        return [dg.AssetDep(spec.key) for spec in _sources(config)]
    tables = [*step.inputs, *([name] if name in step.reads else [])]
    read = {table: windows for table in tables if (windows := step.windows(table, reach))}
    deps = [
        dg.AssetDep(table, partition_mapping=dg.TimeWindowPartitionMapping(windows[0], windows[-1]))
        for table, windows in read.items()
    ]
    filters = [dg.AssetDep(FILTERS)] if step is RECOMMENDATIONS_STEP and config.recommendation.filters else []
    model = [dg.AssetDep(ENCODER_MODEL)] if step is EMBEDDINGS_STEP and learns(config) else []
    return deps + filters + model


def _digest(config: Configuration, sections: tuple[str, ...]) -> str:
    told = config.model_dump_json(include=set(sections), exclude={"windows": EXTENT}) if sections else ""
    return hashlib.sha256(told.encode()).hexdigest()[:8]
