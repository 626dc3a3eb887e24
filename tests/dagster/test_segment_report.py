"""segment_report on an empty lake: the page is written, whole, and says what to do. With segments: tests/e2e."""

import dagster as dg
from support import make_workplace

from interest_platform.assets.segment_report import segment_report
from interest_platform.lake import Lake
from interest_platform.resources import LakeResource, SettingsResource, TrackingResource
from interest_platform.settings import load_settings


def test_without_segments_the_page_says_so_and_replaces_the_old_one_whole(tmp_path, monkeypatch):
    folder = make_workplace(tmp_path)
    monkeypatch.setenv("INTEREST_CONFIG", str(folder / "interest.yaml"))
    monkeypatch.setenv("INTEREST_HOME", str(folder / "home"))
    settings = load_settings()
    Lake(settings).prepare()
    settings.report_file.parent.mkdir(parents=True)
    settings.report_file.write_text("old")
    resource = SettingsResource()
    resources = {
        "settings": resource,
        "lake": LakeResource(settings=resource),
        "tracking": TrackingResource(settings=resource),
    }
    upstream = [dg.AssetSpec(key) for key in segment_report.dependency_keys]
    result = dg.materialize([segment_report, *upstream], resources=resources, selection=[segment_report])
    [event] = result.get_asset_materialization_events()
    told = event.materialization.metadata
    assert told["windows"].value == 0 and "mlflow_run" not in told
    assert "nothing to draw yet" in told["segment_flows"].value
    assert "interest run" in settings.report_file.read_text()
    assert [path.name for path in settings.report_file.parent.iterdir()] == ["report.html"]
