"""A home with a prepared store: made once, then copied for each test (which moves it, so every test relocates too)."""

import shutil
from datetime import datetime

import pytest

from interest_platform.configuration import Configuration
from interest_platform.domain.windows import Window
from interest_platform.settings import KEY_VARIABLE, Settings
from interest_platform.tracking import RunTags, Tracker


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.fixture(scope="session")
def settings_of():
    def make(home, **extra):
        config = Configuration.model_validate(
            {"sources": [{"name": "posts", "uri": "posts.csv"}], "windows": {"start": "2024-01-01"}}
        )
        return Settings(config=config, config_path=home / "interest.yaml", home=home, **extra)

    return make


@pytest.fixture(scope="session")
def template(tmp_path_factory, settings_of):
    home = tmp_path_factory.mktemp("template")
    Tracker(settings_of(home)).prepare()
    return home


@pytest.fixture
def home(template, tmp_path):
    return shutil.copytree(template, tmp_path / "a home #1 é")


@pytest.fixture
def tracker(home, settings_of):
    return Tracker(settings_of(home))


@pytest.fixture
def client(tracker):
    from mlflow import MlflowClient

    tracker.prepare()
    return MlflowClient(tracking_uri=tracker.backend_uri, registry_uri=tracker.backend_uri)


@pytest.fixture
def window():
    return Window(datetime(2024, 1, 1), datetime(2024, 1, 8))


@pytest.fixture
def tags():
    def make(dagster_run_id="dagster-1", partition="2024-01-01", asset="cluster_snapshots"):
        return RunTags(dagster_run_id, asset, partition, code_version="3", encoder="minilm-53aa", lake_version=17)

    return make
