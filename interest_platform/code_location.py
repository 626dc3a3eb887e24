"""Puts the code location together: assets as they are written, windows and freshness as `interest.yaml` says."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import dagster as dg

from interest_platform.assets.cleaned_tokens import cleaned_tokens
from interest_platform.assets.cluster_snapshots import cluster_snapshots
from interest_platform.assets.embeddings import embeddings
from interest_platform.assets.facts import OWNERS
from interest_platform.assets.marts import local_dbt, marts_assets
from interest_platform.assets.raw_texts import raw_texts
from interest_platform.assets.segment_features import segment_features
from interest_platform.assets.user_interests import user_interests
from interest_platform.automation import publish_when_loaded
from interest_platform.configuration import Configuration
from interest_platform.domain.windows import Grain
from interest_platform.jobs import interest_line, publish
from interest_platform.partitions import partitions_of
from interest_platform.resources import EncoderResource, LakeResource, SettingsResource, TrackingResource
from interest_platform.schedules import newest_closed_window
from interest_platform.settings import Settings

DBT_FOLDER = Path(__file__).parent.parent / "dbt"

LOOKS_BACK = {"user_interests", "cluster_snapshots", "cluster_members", "segment_features", "user_segment_features"}
"""Assets that read the texts of all lookback windows."""

FROM_SOURCES = {"raw_texts", "rejected_texts"}

OF_THE_LOOKBACK = {"raw_texts", "cleaned_tokens", "embeddings"}

SECTIONS = {
    "raw_texts": ("sources", "identities", "text"),
    "rejected_texts": ("sources", "identities", "text"),
    "cleaned_tokens": ("text",),
    "embeddings": ("encoder",),
    "user_interests": ("interests", "windows"),
    "cluster_snapshots": ("clustering",),
    "cluster_members": ("clustering",),
}
"""The sections of `interest.yaml` an asset obeys: changing one makes what it has materialised visibly outdated."""

DAYS = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 31}


def platform_definitions(settings: Settings) -> dg.Definitions:
    """Everything in the code location. Raises `InterestError` where the dbt manifest has not been built."""
    config = settings.config
    line = [raw_texts, cleaned_tokens, embeddings, user_interests, cluster_snapshots, segment_features]
    settings_resource = SettingsResource()
    return dg.Definitions(
        assets=[
            *_sources(config),
            *dg.map_asset_specs(lambda spec: _windowed(spec, config), line),
            marts_assets(DBT_FOLDER / "target" / "manifest.json"),
        ],
        jobs=[interest_line, publish],
        schedules=[newest_closed_window],
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


def _deps(name: str, deps: Iterable[dg.AssetDep], config: Configuration) -> list[dg.AssetDep]:
    if name in FROM_SOURCES:
        return [dg.AssetDep(spec.key) for spec in _sources(config)]
    mapping = dg.TimeWindowPartitionMapping(start_offset=1 - config.windows.lookback, end_offset=0)
    reach = {dep.asset_key.to_user_string() for dep in deps} & OF_THE_LOOKBACK if name in LOOKS_BACK else set()
    return [
        dg.AssetDep(dep.asset_key, partition_mapping=mapping) if dep.asset_key.to_user_string() in reach else dep
        for dep in deps
    ]


def _digest(config: Configuration, sections: tuple[str, ...]) -> str:
    told = config.model_dump_json(include=set(sections)) if sections else ""
    return hashlib.sha256(told.encode()).hexdigest()[:8]
