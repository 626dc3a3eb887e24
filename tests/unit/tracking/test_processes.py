"""Several processes on an empty home: one makes the store, all write, every window has one current run."""

import subprocess
import sys
from collections import Counter

import pytest

from interest_platform.tracking import Tracker

PROCESSES, WINDOWS = 4, 3

WRITE = """
import sys
from datetime import datetime, timedelta
from interest_platform.domain.windows import Window
from interest_platform.settings import Settings
from interest_platform.tracking import RunTags, Tracker

settings, process, windows = Settings.model_validate_json(sys.argv[1]), sys.argv[2], int(sys.argv[3])
tracker = Tracker(settings)
tracker.prepare()
for number in range(windows):
    start = datetime(2024, 1, 1 + number)
    window = Window(start, start + timedelta(days=1))
    with tracker.clustering_run(window, RunTags(process, "cluster_snapshots", window.key, "1", "minilm", 5)) as run:
        run.params({"k": 2})
        run.metrics({"silhouette": 0.5})
"""


@pytest.mark.slow
def test_processes_that_start_on_an_empty_home_all_land_their_runs(tmp_path, settings_of):
    settings = settings_of(tmp_path)
    # what a process that was killed while it made the store would have left
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db.new").write_bytes(b"half a store")
    command = [sys.executable, "-c", WRITE, settings.model_dump_json(exclude_unset=True)]
    started = [
        subprocess.Popen([*command, str(number), str(WINDOWS)], stderr=subprocess.PIPE) for number in range(PROCESSES)
    ]
    # nor does making the store write anything but errors
    assert [(p.communicate(timeout=300)[1], p.returncode) for p in started] == [(b"", 0)] * PROCESSES
    found = Tracker(settings)._search("")
    assert Counter(run.info.status for run in found) == {"FINISHED": PROCESSES * WINDOWS}
    assert {run.data.metrics["silhouette"] for run in found} == {0.5}
    current = [run.data.tags["partition"] for run in found if "superseded_by" not in run.data.tags]
    assert sorted(current) == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert list((tmp_path / "mlflow").glob("*.new")) == []
