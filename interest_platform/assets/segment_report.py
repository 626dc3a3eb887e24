"""segment_report: the page of pictures of how segments live, beside the published file and in the newest MLflow run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from interest_platform.assets.facts import OWNERS
from interest_platform.automation import when_loaded
from interest_platform.domain.dynamics_tables import (
    DRIFT_METRICS,
    PLANTED_EVENTS,
    SEGMENT_EVENTS,
    SEGMENT_IDENTITIES,
    SEGMENT_MIGRATIONS,
)
from interest_platform.domain.recommendation_tables import RECOMMENDATION_METRICS
from interest_platform.domain.tables import CLUSTER_MEMBERS, CLUSTER_SNAPSHOTS, USER_INTERESTS
from interest_platform.domain.windows import Window, utc_now
from interest_platform.errors import LakeError
from interest_platform.lake import Lake
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource

GROUP = "report"
SHOWN = (SEGMENT_IDENTITIES, SEGMENT_EVENTS, SEGMENT_MIGRATIONS, DRIFT_METRICS, PLANTED_EVENTS, RECOMMENDATION_METRICS)
BEHIND = (CLUSTER_SNAPSHOTS, CLUSTER_MEMBERS, USER_INTERESTS)


@dg.asset(
    deps=[table.name for table in (*SHOWN, *BEHIND)],
    group_name=GROUP,
    kinds={"html"},
    owners=OWNERS,
    code_version="1",
    automation_condition=when_loaded,
    description="The page `serving/report.html`: how segments live, move and change. It opens from a file, offline.",
)
def segment_report(
    context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource, tracking: TrackingResource
) -> dg.MaterializeResult:
    """Draw the newest windows; a lake without segments yields a page that says so."""
    from interest_platform.report import pictures, png_markdown, read_frames, report

    now, version = utc_now(), lake.lake.version()
    windows = lake.lake.loaded_windows(SEGMENT_IDENTITIES.name, settings.grid.closed(now), version=version)
    frames = read_frames(lake.lake, windows, version)
    drawn = pictures(frames)
    html = report(frames, made_at=now, drawn=drawn)
    pngs = {picture.name: picture.png() for picture in drawn}
    path = settings.settings.report_file
    _write(path, html)
    tracked = _track(tracking, lake.lake, windows, pngs, html, version)
    shown = {picture.name: dg.MetadataValue.md(png_markdown(pngs[picture.name], picture.title)) for picture in drawn}
    return dg.MaterializeResult(
        metadata={
            "dagster/uri": path.as_uri(),
            "windows": len(windows),
            "lake_version_read": version,
            "bytes": len(html.encode()),
            **({"mlflow_run": dg.MetadataValue.url(tracking.tracker.link(tracked))} if tracked else {}),
            **shown,
        }
    )


def _write(path: Path, html: str) -> None:
    """Whole or not at all: whoever has the old page open, or opens it now, sees one page."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".build-", dir=path.parent) as folder:
            (Path(folder) / path.name).write_text(html, encoding="utf-8")
            (Path(folder) / path.name).replace(path)
    except OSError as error:
        raise LakeError(f"{path} can't be written, the old page stays: {error.strerror or error}") from error


def _track(
    tracking: TrackingResource,
    lake: Lake,
    windows: Sequence[Window],
    pngs: Mapping[str, bytes | None],
    html: str,
    version: int,
) -> str | None:
    """Add page and pictures to the MLflow run of the newest window that has users; its id, or None."""
    for window in reversed(windows):
        runs = lake.read(CLUSTER_SNAPSHOTS, [window], columns=["mlflow_run_id"], version=version)
        if runs.height:
            run = tracking.tracker.finished_run(str(runs["mlflow_run_id"][0]), window)
            run.page("report", html)
            for name, png in pngs.items():
                if png is not None:
                    run.image(name, png)
            return run.run_id
    return None
