"""The marts as Dagster sees and runs them."""

import os
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from interest_platform.assets.mart_lineage import mart_lineage
from interest_platform.assets.marts import local_dbt, marts_assets
from interest_platform.domain.tables import TABLES
from interest_platform.errors import InterestError
from interest_platform.resources import LakeResource, SettingsResource

MARTS = {
    "comparison_ranking",
    "drift_timeline",
    "publication",
    "recommendation_report",
    "segment_flows",
    "segment_genealogy",
    "segment_profile",
    "segment_top_items",
    "segment_top_terms",
    "segments_over_time",
    "user_segment_history",
    "user_segments_live",
    "user_top_items",
    "window_quality",
    "window_rejections",
}


def test_a_missing_manifest_is_one_line_that_says_what_to_do(tmp_path):
    with pytest.raises(InterestError, match="make manifest"):
        marts_assets(tmp_path / "manifest.json")


def test_lineage_passes_through_common_table_expressions_to_the_lake(tmp_path):
    sql = tmp_path / "mart.sql"
    sql.write_text(
        """
        with whole as (select window_start, max(loaded_at) as loaded from "lake"."interest"."window_loads" group by 1),
        joined as (
            select features.*, clusters.cohesion from "lake"."interest"."segment_features" as features
            inner join "lake"."interest"."cluster_snapshots" as clusters using (window_start, cluster_id)
        )
        select joined.name, size * cohesion as weight, whole.loaded, 1 as one
        from joined inner join whole on joined.window_start = whole.window_start
        """
    )
    found = mart_lineage(sql).deps_by_column
    assert {c: [(d.asset_key.to_user_string(), d.column_name) for d in deps] for c, deps in found.items()} == {
        "name": [("segment_features", "name")],
        "weight": [("cluster_snapshots", "cohesion"), ("segment_features", "size")],
    }


@pytest.fixture(scope="module")
def marts(manifest) -> dg.AssetsDefinition:
    return marts_assets(manifest)


@pytest.mark.slow
def test_the_marts_are_one_step_since_they_are_one_file(marts):
    assert {key.to_user_string() for key in marts.keys} == MARTS
    assert not marts.can_subset


@pytest.mark.slow
def test_lineage_runs_from_the_assets_of_the_lake(marts):
    deps = {spec.key.to_user_string(): {d.asset_key.to_user_string() for d in spec.deps} for spec in marts.specs}
    assert set().union(*deps.values()) <= set(TABLES) - {"window_loads"}
    assert deps["user_segment_history"] == {
        "user_segment_features",
        "cluster_members",
        "user_interests",
        "user_moves",
        "segment_features",
        "segment_identities",
        "segment_events",
        "cluster_snapshots",
    }
    assert deps["segment_flows"] >= {"segment_migrations", "segment_identities"}
    assert deps["drift_timeline"] >= {"drift_metrics", "segment_identities"}
    assert deps["window_quality"] >= {"drift_metrics", "planted_events"}


@pytest.mark.slow
def test_every_mart_has_group_owner_kinds_version_description_and_schema(marts):
    for spec in marts.specs:
        assert spec.group_name == "marts"
        assert spec.owners
        assert {"dbt", "duckdb"} <= spec.kinds
        assert spec.code_version
        assert spec.description
        assert spec.automation_condition
        assert all(column.description for column in spec.metadata["dagster/column_schema"].columns)


@pytest.mark.slow
def test_the_conservation_laws_are_checks_of_marts(marts):
    checks = {(c.asset_key.to_user_string(), c.name) for c in marts.check_specs}
    assert {
        ("segments_over_time", "segments_are_the_clusters"),
        ("segments_over_time", "shares_sum_to_one"),
        ("segments_over_time", "segments_are_the_identities"),
        ("segment_flows", "flows_in_are_the_members"),
        ("segment_flows", "flows_name_known_segments"),
        ("segment_genealogy", "events_make_the_segments"),
        ("segment_genealogy", "events_are_of_their_kind"),
        ("segment_genealogy", "events_name_known_segments"),
        ("user_segment_history", "users_are_the_members"),
        ("window_quality", "loads_agree_with_rows"),
        ("window_quality", "one_encoder_a_window"),
        ("window_rejections", "reasons_add_up"),
        ("publication", "published_version_is_the_one_asked_for"),
    } <= checks
    assert {asset for asset, _ in checks} == MARTS


@pytest.fixture
def materialize(marts, dbt_folder, monkeypatch):
    def run(made) -> tuple[dg.ExecuteInProcessResult, list[str]]:
        monkeypatch.setenv("INTEREST_CONFIG", str(made.lake.settings.config_path))
        monkeypatch.setenv("INTEREST_HOME", str(made.lake.settings.home))
        resources = {"dbt": local_dbt(dbt_folder), "lake": LakeResource(settings=SettingsResource())}
        with dg.instance_for_test() as instance:
            result = dg.materialize([marts], resources=resources, instance=instance, raise_on_error=False)
            landed = [e.asset_key.to_user_string() for e in result.get_asset_materialization_events()]
        return result, landed

    return run


@pytest.mark.slow
def test_a_run_publishes_and_tells_rows_lineage_and_version(hand_made, materialize):
    made = hand_made("run")
    made.texts(0, "aabc")
    version = made.whole(0, ["ab", "c"], ["s1", "s2"])
    result, landed = materialize(made)
    assert result.success
    assert set(landed) == MARTS
    [told] = [
        m.metadata
        for m in result.asset_materializations_for_node("marts")
        if m.asset_key.path == ["segments_over_time"]
    ]
    assert told["dagster/row_count"].value == 2
    assert told["lake_version_read"].value == version
    assert told["published"].value is True
    lineage = told["dagster/column_lineage"].value.deps_by_column
    origins = {c: [(d.asset_key.to_user_string(), d.column_name) for d in deps] for c, deps in lineage.items()}
    assert origins["silhouette"] == [("cluster_snapshots", "silhouette")]
    assert origins["since"] == [("segment_identities", "since")]
    assert ("segment_events", "parents") in origins["parents"]
    assert ("segment_events", "children") in origins["children"]
    assert ("drift_metrics", "effect") in origins["drift_effect"]
    checks = result.get_asset_check_evaluations()
    assert len(checks) > 20
    assert all(check.passed for check in checks)
    assert not [name for name in os.environ if name.startswith("INTEREST_DBT")]
    with duckdb.connect(str(made.published), read_only=True) as connection:
        assert connection.execute("SELECT lake_version FROM publication").fetchall() == [(version,)]


@pytest.mark.slow
def test_a_run_whose_test_fails_says_which_and_materialises_nothing(hand_made, materialize):
    made = hand_made("failing")
    made.clusters(0, ["ab", "c"], told_sizes=[3, 1])
    made.identities(0, ["ab", "c"], ["s1", "s2"])
    made.segments(0, ["ab", "c"], ["s1", "s2"], sizes=[3, 1])
    result, landed = materialize(made)
    assert not result.success
    assert landed == []
    [failure] = [e for e in result.all_events if e.is_step_failure]
    message = failure.event_specific_data.error_display_string
    assert "the marts are not published, the old file stays: " in message
    assert "segments_are_the_clusters" in message
    failed = {c.check_name for c in result.get_asset_check_evaluations() if not c.passed}
    assert "segments_are_the_clusters" in failed
    assert not Path(made.published).exists()
