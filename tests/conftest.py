"""Fixtures of all suites."""

import os
from pathlib import Path

import pytest
from support import make_workplace

from interest_platform.stores import silence_telemetry

silence_telemetry()
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with interest.yaml and inbox/notes.parquet: three weeks, twelve users, three subjects."""
    return make_workplace(tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real texts beside the repository; tests that need it are skipped where it is not there."""
    folder = Path(__file__).parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data")
    return folder
