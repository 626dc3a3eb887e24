"""Many processes write at once while somebody reads."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from interest_platform.domain.tables import WINDOW_LOADS
from interest_platform.lake import Lake


@pytest.mark.slow
def test_eight_processes_land_five_windows_each_and_no_read_fails(lake: Lake, home: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("writer.py")), str(home)]
    writers = [
        subprocess.Popen([*command, str(first), "5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for first in (*range(0, 40, 5), 0)  # the first and the last race for the same windows
    ]
    seen = [0]
    while any(writer.poll() is None for writer in writers):
        # a read is of one version: windows are there with all their rows and their record, or not at all
        with lake.connect() as connection:
            found = connection.execute(
                "SELECT e.n, e.rows, l.n, l.rows FROM "
                "(SELECT count(DISTINCT window_start) AS n, count(vector) AS rows FROM embeddings) e, "
                "(SELECT count(*) AS n, coalesce(sum(rows), 0)::BIGINT AS rows FROM window_loads) l"
            ).fetchone()
        assert found is not None
        assert found[0] == found[2]
        assert found[1] == found[3] == 500 * found[0]
        seen.append(found[0])

    assert [writer.communicate()[0] for writer in writers] == [""] * 9
    assert [writer.returncode for writer in writers] == [0] * 9
    assert seen == sorted(seen)
    assert len(set(seen)) > 2, "the reader was to see the lake grow"
    loads = lake.read(WINDOW_LOADS)
    assert Counter(loads["dagster_run_id"]) == {f"run-{first}": 5 for first in range(0, 40, 5)}
    assert lake.query("SELECT count(*) AS n FROM embeddings").to_pylist() == [{"n": 40 * 500}]
