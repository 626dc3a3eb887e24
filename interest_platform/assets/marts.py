"""The marts: dbt builds them, from one lake version, into a new file that then becomes the published one."""

import hashlib
import importlib.metadata
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtCliRuntimeError,
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliEventMessage,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from packaging.version import Version

from interest_platform.assets.facts import OWNERS
from interest_platform.assets.mart_lineage import mart_lineage
from interest_platform.automation import when_loaded
from interest_platform.errors import InterestError
from interest_platform.lake.publish import Build, building
from interest_platform.resources import LakeResource

GROUP = "marts"

_environment_lock = threading.Lock()


class LocalDbt(DbtCliResource):
    """dbt without its look at the package index on `--version`, and without a connection in Dagster's own process.

    The adapter that dagster-dbt opens serves only its `fetch_...` methods, which aren't used: it would hold the new
    file open.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(importlib.metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        return None


def local_dbt(project: Path) -> LocalDbt:
    """dbt as installed beside this Python, with the profile that lies in the project."""
    executable = Path(sys.executable).with_name("dbt")
    return LocalDbt(project_dir=str(project), profiles_dir=str(project), dbt_executable=str(executable))


class MartTranslator(DagsterDbtTranslator):
    """What Dagster is told of a mart; its code version covers the ephemeral models it is made of, too."""

    def __init__(self) -> None:
        # window_loads is written by several assets and stands under the last of them
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The asset of a dbt model or source."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None:
            return spec
        code = hashlib.sha256("".join(_code(manifest, unique_id)).encode()).hexdigest()[:12]
        return spec.replace_attributes(
            group_name=GROUP,
            owners=OWNERS,
            code_version=code,
            description=node["description"],
            automation_condition=when_loaded,
        ).merge_attributes(metadata={"dagster/table_name": f"{node['schema']}.{node['alias']}"})


def marts_assets(manifest: Path) -> dg.AssetsDefinition:
    """The marts as one step, since they are one file. Raises `InterestError` where there is no manifest."""
    if not manifest.is_file():
        raise InterestError(f"no dbt manifest at {manifest}: run `make manifest`")

    @dbt_assets(manifest=manifest, dagster_dbt_translator=MartTranslator())
    def every_mart() -> Iterator[Any]:
        """Never run: it may be cut to a subset, and only lends its specs to the step below."""
        yield from ()

    @dg.multi_asset(name=GROUP, specs=list(every_mart.specs), check_specs=list(every_mart.check_specs))
    def marts(context: dg.AssetExecutionContext, lake: LakeResource, dbt: DbtCliResource) -> Iterator[Any]:
        """Build, test and publish: what dbt has built counts as materialised once it is the published file."""
        built: list[dg.Output] = []
        with building(lake.lake) as build:
            invocation = _start(context, dbt, build)
            for event in _events(context, invocation):
                if isinstance(event, dg.Output):
                    built.append(event)
                else:
                    yield event
            facts = {output.output_name: _facts(invocation, output.output_name, build) for output in built}
        for output in built:
            told = {**output.metadata, **facts[output.output_name], "published": dg.MetadataValue.bool(build.published)}
            yield output.with_metadata(told)

    return marts


def _start(context: dg.AssetExecutionContext, dbt: DbtCliResource, build: Build) -> DbtCliInvocation:
    # dbt's process is handed a copy of this process's environment and nothing else
    with _environment(build.environment):
        return dbt.cli(["build"], context=context, target_path=build.path.parent / "target")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    with _environment_lock:
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _events(
    context: dg.AssetExecutionContext, invocation: DbtCliInvocation
) -> Iterator[dg.Output | dg.AssetCheckResult]:
    """What dbt built and checked. Raises `InterestError` that names what failed.

    Tests of the lake's tables gate the build but are told to nobody: dagster-dbt would report them as observations,
    which look like news of those tables.
    """
    try:
        for message in invocation.stream_raw_events():
            if _tests_a_source(invocation, message):
                continue
            for event in message.to_default_asset_events(
                manifest=invocation.manifest,
                dagster_dbt_translator=invocation.dagster_dbt_translator,
                context=context,
                target_path=invocation.target_path,
            ):
                if isinstance(event, dg.Output | dg.AssetCheckResult):
                    yield event
    except DagsterDbtCliRuntimeError as error:
        raise InterestError(f"the marts are not published, the old file stays: {_failures(invocation)}") from error


def _tests_a_source(invocation: DbtCliInvocation, message: DbtCliEventMessage) -> bool:
    name = message.raw_event["data"].get("node_info", {}).get("unique_id", "")
    return (invocation.manifest["nodes"].get(name, {}).get("attached_node") or "").startswith("source.")


def _failures(invocation: DbtCliInvocation) -> str:
    try:
        results = invocation.get_artifact("run_results.json")["results"]
    except FileNotFoundError:
        return "dbt could not start, its output above says why"
    failed = [r for r in results if r["status"] in ("error", "fail")]
    told = [f"{r['unique_id'].split('.')[2]} ({' '.join(str(r['message']).split())})" for r in failed]
    return "; ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def _facts(invocation: DbtCliInvocation, name: str, build: Build) -> dict[str, Any]:
    """What a materialisation of a mart tells: rows, column lineage, and the lake version it shows."""
    [compiled] = (invocation.target_path / "compiled").glob(f"*/models/marts/{name}.sql")
    return {
        "dagster/row_count": _rows(build.path, name),
        "dagster/column_lineage": mart_lineage(compiled),
        "lake_version_read": build.version,
    }


def _rows(file: Path, table: str) -> int:
    import duckdb

    # closed at once: the file can't be finished while another connection of this process has it open
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.table(f"main.{table}").count("*").fetchall()[0][0]


def _code(manifest: Mapping[str, Any], unique_id: str) -> Iterator[str]:
    """The SQL of a model and of the ephemeral models under it."""
    node = manifest["nodes"].get(unique_id)
    if node is None:
        return
    yield node["raw_code"]
    for parent in sorted(node["depends_on"]["nodes"]):
        if manifest["nodes"].get(parent, {}).get("config", {}).get("materialized") == "ephemeral":
            yield from _code(manifest, parent)
