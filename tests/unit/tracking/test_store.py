"""The store is made once, migrated, and follows the home wherever it is moved."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from safetensors.numpy import load_file

from interest_platform.tracking import Tracker, TrackingError
from interest_platform.tracking.relocate import ADDRESSES, relocate
from interest_platform.tracking.store import Store


def _query(home, sql):
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection:
        return connection.execute(sql).fetchall()


def test_the_experiment_keeps_its_artifacts_in_the_home_and_is_no_language_model_one(tracker, home, client):
    experiment = client.get_experiment_by_name("cluster_snapshots")
    assert experiment.artifact_location == (home / "mlflow" / "artifacts").as_uri() == tracker.artifact_uri
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_nothing_in_the_store_points_out_of_the_home(tracker, home, template):
    tracker.prepare()
    found = [row[0] for row in _query(home, "SELECT artifact_location FROM experiments")]
    assert len(found) == 2
    assert all(uri.startswith((home / "mlflow").as_uri()) for uri in found)


def test_a_moved_home_still_finds_and_takes_artifacts(tracker, home, settings_of, window, tags):
    from mlflow.tracking._tracking_service.utils import _artifact_repos_cache

    with tracker.clustering_run(window, tags()) as run:
        run.centroids(np.eye(2, dtype=np.float32), [0, 1])
    moved = shutil.move(home, home.with_name("elsewhere"))
    _artifact_repos_cache.clear()  # a client of another process would not have it
    after = Tracker(settings_of(moved))
    after.prepare()
    assert [file.path for file in after._client.list_artifacts(run.run_id)] == ["centroids.safetensors"]
    read = load_file(after._client.download_artifacts(run.run_id, "centroids.safetensors"))
    np.testing.assert_array_equal(read["centroids"], np.eye(2))
    with after.clustering_run(window, tags("dagster-2")) as second:
        second.centroids(np.eye(2, dtype=np.float32), [0, 1])
    assert (moved / "mlflow" / "artifacts" / second.run_id / "artifacts" / "centroids.safetensors").is_file()
    assert not home.exists()


def test_relocation_leaves_addresses_elsewhere_alone():
    connection = sqlite3.connect(":memory:")
    for table in dict(ADDRESSES):
        columns = ", ".join(column for name, column in ADDRESSES if name == table)
        connection.execute(f"CREATE TABLE {table} ({columns})")
    uris = ["file:///a/mlflow", "file:///a/mlflow/1/artifacts", "file:///a/mlflow2/1", "s3://bucket/a/mlflow/1", None]
    connection.executemany("INSERT INTO runs VALUES (?)", [[uri] for uri in uris])
    assert relocate(connection, "file:///a/mlflow", "file:///b/m") == 2
    after = [row[0] for row in connection.execute("SELECT artifact_uri FROM runs")]
    assert after == ["file:///b/m", "file:///b/m/1/artifacts", *uris[2:]]


def test_relocation_knows_columns_that_mlflow_has(home):
    for table, column in ADDRESSES:
        assert column in {row[1] for row in _query(home, f"PRAGMA table_info({table})")}


def test_an_outdated_store_is_migrated_and_keeps_its_runs(tmp_path, settings_of, tracker, window, tags):
    from alembic import command
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils

    store = Store(tmp_path / "old" / "mlflow")
    store.folder.mkdir(parents=True)
    engine = utils.create_sqlalchemy_engine(store.backend_uri)
    utils.InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(store.backend_uri)
    head = utils._get_latest_schema_revision()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, ScriptDirectory.from_config(config).get_revision(head).down_revision)
    engine.dispose()
    row = (
        "INSERT INTO experiments (name, lifecycle_stage, artifact_location, workspace) "
        "VALUES ('mine', 'active', 's3://b', 'default')"
    )
    with closing(sqlite3.connect(store.database)) as connection, connection:
        connection.execute(row)
    old = Tracker(settings_of(tmp_path / "old"))
    with old.clustering_run(window, tags()):
        pass
    assert _query(tmp_path / "old", "SELECT version_num FROM alembic_version") == [(head,)]
    assert ("mine", "s3://b") in _query(tmp_path / "old", "SELECT name, artifact_location FROM experiments")


def test_an_experiment_deleted_in_the_ui_comes_back(tracker, client, settings_of, home):
    client.delete_experiment(client.get_experiment_by_name("cluster_snapshots").experiment_id)
    Tracker(settings_of(home)).prepare()
    assert client.get_experiment_by_name("cluster_snapshots").lifecycle_stage == "active"


def test_a_file_that_is_no_store_is_told_and_left(tmp_path, settings_of):
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(TrackingError, match=r"^MLflow: its store can't be read: file is not a database"):
        Tracker(settings_of(tmp_path)).prepare()
    assert (tmp_path / "mlflow" / "mlflow.db").read_bytes().startswith(b"not a database")


def test_a_store_of_a_newer_mlflow_is_told(home, settings_of):
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(TrackingError, match=r"^MLflow: .*from_the_future") as raised:
        Tracker(settings_of(home)).prepare()
    assert "\n" not in str(raised.value)


def test_a_home_that_mlflow_can_not_address_is_refused(tmp_path, settings_of):
    with pytest.raises(TrackingError, match="holds a '%'"):
        Tracker(settings_of(tmp_path / "50%")).prepare()


def test_a_prepared_store_is_checked_and_linked_to_without_importing_mlflow(tracker, home):
    tracker.prepare()
    code = (
        "import sys; from pathlib import Path; from interest_platform.tracking.store import Store;"
        f"store = Store(Path({str(home / 'mlflow')!r})); store.prepare(); assert store.experiment_id();"
        "assert not {'mlflow', 'matplotlib', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
