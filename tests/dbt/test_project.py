"""The dbt project as files: current, documented, and without secrets."""

import re
from pathlib import Path

import pytest
import yaml

from interest_platform.domain.tables import TABLES, WINDOW_LOADS
from interest_platform.lake.dbt_sources import SOURCES_FILE, sources_yaml, write_sources


def models(dbt_folder: Path) -> list[dict]:
    return yaml.safe_load((dbt_folder / "models" / "marts" / "_marts.yml").read_text())["models"]


def test_the_source_file_is_what_the_contracts_say(dbt_folder):
    assert (dbt_folder / SOURCES_FILE).read_text() == sources_yaml(), "run python -m interest_platform.lake.dbt_sources"


def test_writing_the_source_file_again_changes_nothing(tmp_path):
    (tmp_path / SOURCES_FILE).parent.mkdir(parents=True)
    first = write_sources(tmp_path).read_bytes()
    assert write_sources(tmp_path).read_bytes() == first


def test_every_table_and_column_of_the_lake_is_a_documented_source():
    [source] = yaml.safe_load(sources_yaml())["sources"]
    found = {t["name"]: [c["name"] for c in t["columns"]] for t in source["tables"]}
    assert found == {name: table.names for name, table in TABLES.items()}
    assert all(c["description"] and c["data_type"] for t in source["tables"] for c in t["columns"])


def test_a_table_that_is_no_asset_stands_under_the_asset_that_writes_it():
    [source] = yaml.safe_load(sources_yaml())["sources"]
    keys = {t["name"]: t["config"]["meta"]["dagster"]["asset_key"] for t in source["tables"]}
    assert keys.pop("window_loads") == ["segment_features"]
    assert all(key == [name] for name, key in keys.items())


def test_every_mart_is_described_with_every_column_and_its_type(dbt_folder):
    described = models(dbt_folder)
    assert {m["name"] for m in described} == {p.stem for p in (dbt_folder / "models" / "marts").glob("*.sql")}
    for model in described:
        assert model["description"], model["name"]
        for column in model["columns"]:
            assert column.get("description"), (model["name"], column)
            assert column.get("data_type"), (model["name"], column)


def test_contracts_are_enforced_on_every_mart(dbt_folder):
    project = yaml.safe_load((dbt_folder / "dbt_project.yml").read_text())
    assert project["models"]["interest"]["marts"]["+contract"] == {"enforced": True}
    assert not re.search("contract", (dbt_folder / "models" / "marts" / "_marts.yml").read_text())


def test_no_vector_is_published(dbt_folder):
    types = {c["data_type"] for m in models(dbt_folder) for c in m["columns"]}
    assert types == {"timestamp", "varchar", "integer", "bigint", "double", "boolean", "varchar[]"}


def test_loads_are_compared_for_every_table_of_the_lake(dbt_folder):
    sql = (dbt_folder / "tests" / "loads_agree_with_rows.sql").read_text()
    listed = re.search(r"for table in \((.*?)\)", sql, re.DOTALL)
    assert re.findall(r"'(\w+)'", listed[1]) == [name for name in TABLES if name != WINDOW_LOADS.name]


def test_the_page_on_marts_describes_every_column_as_the_project_does(dbt_folder):
    page = (dbt_folder.parent / "docs" / "marts.md").read_text()
    for model in models(dbt_folder):
        section = page.split(f"\n## {model['name']}\n")[1].split("\n## ")[0]
        assert model["description"] in section
        for column in model["columns"]:
            assert f"| `{column['name']}` | {column['data_type']} | {column['description']} |\n" in section


@pytest.mark.parametrize("word", ["password", "secret", "token", "key_id"])
def test_the_profile_holds_no_secret(dbt_folder, word):
    assert word not in (dbt_folder / "profiles.yml").read_text().lower()
