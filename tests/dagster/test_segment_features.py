"""The asset segment_features on clusters and identities put into a lake by hand."""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from interest_platform.assets.segment_features import segment_features
from interest_platform.domain.tables import TABLES
from interest_platform.domain.windows import Window
from interest_platform.lake import Lake, Stamp
from interest_platform.partitions import partitions_of
from interest_platform.resources import LakeResource, SettingsResource
from interest_platform.settings import load_settings

CONFIG = "sources: [{name: s, uri: x.csv}]\nwindows: {start: 2024-01-01}\n"


def week(number: int) -> Window:
    start = datetime(2024, 1, 1) + timedelta(weeks=number)
    return Window(start, start + timedelta(weeks=1))


@pytest.fixture
def lake(tmp_path, monkeypatch):
    (tmp_path / "interest.yaml").write_text(CONFIG)
    monkeypatch.setenv("INTEREST_CONFIG", str(tmp_path / "interest.yaml"))
    monkeypatch.setenv("INTEREST_HOME", str(tmp_path / "home"))
    lake = Lake(load_settings())
    lake.prepare()
    yield lake
    lake.close()


def put(lake: Lake, number: int, **frames: list[dict[str, object]]) -> None:
    window = week(number)
    for name, rows in frames.items():
        table = TABLES[name]
        given = {n: t for n, t in table.schema.items() if n in rows[0]}
        lake.replace(
            window, {name: table.conform(pl.DataFrame(rows, schema=given), window.start)}, Stamp("a", "r", "1")
        )


def cluster(lake: Lake, number: int, *clusters: str) -> None:
    """A clustering of a window; a letter is a user."""
    size = sum(map(len, clusters))
    who = [(user, i) for i, users in enumerate(clusters) for user in users]
    put(
        lake,
        number,
        raw_texts=[
            {"text_id": u, "source": "s", "user_key": u, "text": "x", "ts": week(number).start, "truncated": False}
            | {"ingested_at": week(number).end}
            for u, _ in who
        ],
        user_interests=[
            {"user_key": u, "interest_no": 0, "weight": 1.0, "vector": [1.0 - i, float(i)], "n_texts": 1}
            | {"windows_present": 1, "encoder": "e"}
            for u, i in who
        ],
        cluster_snapshots=[
            {
                "cluster_id": i,
                "top_terms": ["t"],
                "size": len(c),
                "share": len(c) / size,
                "centroid": [1.0 - i, float(i)],
            }
            | {"medoid_user_key": c[0], "example_texts": [], "cohesion": 1.0, "method": "kmeans", "k": len(clusters)}
            | {"k_method": "fixed", "mlflow_run_id": "m", "lake_version": 1}
            for i, c in enumerate(clusters)
        ],
        cluster_members=[
            {"user_key": u, "interest_no": 0, "cluster_id": i, "membership": 1.0, "distance": 0.0} for u, i in who
        ],
    )


def identify(lake: Lake, number: int, *segments: str) -> None:
    put(
        lake,
        number,
        segment_identities=[
            {"cluster_id": i, "segment_id": s, "name": f"about {s}", "name_hash": "h", "name_terms": ["t"]}
            | {"since": week(0).start, "confidence": 1.0, "evidence": "members"}
            for i, s in enumerate(segments)
        ],
    )


def materialize(lake: Lake, number: int) -> dg.ExecuteInProcessResult:
    partitions = partitions_of(lake.settings.grid)
    [asset] = dg.map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=partitions), [segment_features])
    settings = SettingsResource()
    resources = {"settings": settings, "lake": LakeResource(settings=settings)}
    return dg.materialize([asset], partition_key=week(number).key, resources=resources, raise_on_error=False)


def features(lake: Lake, number: int) -> list[tuple]:
    found = lake.read(TABLES["segment_features"], [week(number)]).sort("cluster_id")
    return found.select("segment_id", "name", "size", "growth", "retention").rows()


def test_growth_and_retention_are_against_the_same_segment_in_the_last_window(lake):
    cluster(lake, 0, "abcd", "ef")
    identify(lake, 0, "s0001", "s0002")
    cluster(lake, 1, "efg", "ab", "c")
    identify(lake, 1, "s0002", "s0001", "s0003")
    assert all(materialize(lake, number).success for number in (0, 1))
    assert features(lake, 0) == [("s0001", "about s0001", 4, None, None), ("s0002", "about s0002", 2, None, None)]
    assert features(lake, 1) == [
        ("s0002", "about s0002", 3, 0.5, 1.0),
        ("s0001", "about s0001", 2, -0.5, 0.5),
        ("s0003", "about s0003", 1, None, None),
    ]
    users = lake.read(TABLES["user_segment_features"], [week(1)])
    assert dict(users.select("user_key", "segment_id").rows()) == {
        **dict.fromkeys("efg", "s0002"), **dict.fromkeys("ab", "s0001"), "c": "s0003"
    }  # fmt: skip


def test_a_last_window_without_identities_is_none(lake):
    cluster(lake, 0, "ab")
    cluster(lake, 1, "ab")
    identify(lake, 1, "s0001")
    assert materialize(lake, 1).success
    assert features(lake, 1) == [("s0001", "about s0001", 2, None, None)]


@pytest.mark.parametrize("restated", [0, 1])
def test_identities_older_than_the_clusters_are_refused(lake, restated):
    for number in (0, 1):
        cluster(lake, number, "ab", "cd")
        identify(lake, number, "s0001", "s0002")
    cluster(lake, restated, "abcd")
    result = materialize(lake, 1)
    assert not result.success
    [failure] = [e for e in result.all_events if e.is_step_failure]
    told = failure.event_specific_data.error_display_string
    assert f"segment_identities of {week(restated)} name clusters [0, 1], its clusters are [0]" in told
    assert "materialise segment_identities again" in told
